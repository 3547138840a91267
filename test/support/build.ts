import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The tiers whose processes and threads run what is built; quick when dist/ is what the sources say. */
export default function build(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/setup.mjs', import.meta.url))], {
    stdio: 'inherit',
  });
}
