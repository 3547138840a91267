/** Colours of the terminal, or functions that change nothing. */
export interface Palette {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
}

const wrap = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const same = (text: string) => text;

/** The palette of a stream that shows colours. */
export const colourful: Palette = { bold: wrap(1), dim: wrap(2), red: wrap(31), green: wrap(32), yellow: wrap(33) };

/** The palette of pipes, files and people who asked for no colours. */
export const plain: Palette = { bold: same, dim: same, red: same, green: same, yellow: same };

/** Colours only on a terminal, and never with NO_COLOR (https://no-color.org), `--no-color` or a dumb terminal. */
export function paletteFor(
  stream: { readonly isTTY?: boolean | undefined },
  environment: Readonly<Record<string, string | undefined>>,
  wanted: boolean,
): Palette {
  const forbidden = (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
  return stream.isTTY === true && wanted && !forbidden ? colourful : plain;
}
