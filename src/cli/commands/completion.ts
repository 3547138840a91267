import { Argument, type Command } from 'commander';
import { completionScript, completionShells } from '../completion.js';
import { type CliContext, withExamples } from '../context.js';

/** `iu completion bash|zsh|fish`. */
export function register(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('completion')
      .description('Print the completion script of a shell')
      .addArgument(new Argument('<shell>', 'which shell').choices(completionShells)),
    'source <(iu completion bash)',
    'iu completion fish > ~/.config/fish/completions/iu.fish',
  ).action((shell: (typeof completionShells)[number]) => {
    context.surroundings.stdout.write(completionScript(program, shell));
  });
}
