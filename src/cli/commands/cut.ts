import type { Command } from 'commander';
import { type CliContext, withExamples } from '../context.js';
import { registerCutPreview } from '../cut/preview.js';

/** `iu cut`: documents to pieces. */
export function register(program: Command, context: CliContext): void {
  const cut = withExamples(
    program.command('cut').description('Cut documents into pieces, losslessly'),
    'iu cut preview law.md',
  );
  registerCutPreview(cut, context);
}
