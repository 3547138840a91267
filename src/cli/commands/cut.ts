import type { Command } from 'commander';
import { type CliContext, withExamples } from '../context.js';
import { registerCutApprove } from '../cut/approve.js';
import { registerCutChange } from '../cut/change.js';
import { registerCutDecide } from '../cut/decide.js';
import { registerCutDir } from '../cut/dir.js';
import { registerCutPreview } from '../cut/preview.js';
import { registerCutReview } from '../cut/review.js';
import { registerCutStart } from '../cut/start.js';

/** `iu cut`: documents to pieces, pieces to units. */
export function register(program: Command, context: CliContext): void {
  const cut = withExamples(
    program
      .command('cut')
      .description('Cut documents into units, losslessly, through two gates that a second person opens'),
    'iu cut list --open',
  );
  registerCutPreview(cut, context);
  registerCutStart(cut, context);
  registerCutReview(cut, context);
  registerCutDecide(cut, context);
  registerCutApprove(cut, context);
  registerCutChange(cut, context);
  registerCutDir(cut, context);
}
