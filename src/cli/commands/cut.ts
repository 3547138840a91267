import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { registerCutPreview } from '../cut/preview.js';

/** `iu cut`: documents to pieces. */
export function register(program: Command, context: CliContext): void {
  const cut = program.command('cut').description('Cut documents into pieces, losslessly');
  registerCutPreview(cut, context);
}
