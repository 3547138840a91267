/** One statement of a script and the line it begins on (1-based). */
export interface ScriptStatement {
  readonly text: string;
  readonly line: number;
}

// What may hide a semicolon, in the order PostgreSQL's lexer would try: comments, E'' strings with backslash escapes, plain
// strings, quoted names, dollar quotes. A dollar quote may not follow a letter or digit (a$b$ is a name).
const opaque =
  /--[^\n]*|\/\*|\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![A-Za-z0-9_$])(\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$)[\s\S]*?\1|;/g;

/** End of the block comment that opens at `start`; they nest in SQL. */
function endOfBlockComment(script: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  for (let depth = 0, mark = marks.exec(script); mark !== null; mark = marks.exec(script)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return script.length;
}

/** Length of the white space and comments at the head of a text: they are no part of the statement. */
function headLength(text: string): number {
  let at = 0;
  for (;;) {
    const gap = /^(?:\s+|--[^\n]*)/.exec(text.slice(at));
    if (gap !== null) at += gap[0].length;
    else if (text.startsWith('/*', at)) at = endOfBlockComment(text, at);
    else return at;
  }
}

/**
 * The statements of a script, so that each can be sent alone and an error can name its line.
 * Bodies in SQL-standard form (`begin atomic`) are not understood: write functions with a dollar-quoted body.
 */
export function splitStatements(script: string): ScriptStatement[] {
  const statements: ScriptStatement[] = [];
  let from = 0;
  const take = (to: number) => {
    const piece = script.slice(from, to);
    const head = headLength(piece);
    const text = piece.slice(head).trim();
    if (text !== '') statements.push({ text, line: script.slice(0, from + head).split('\n').length });
    from = to + 1;
  };
  opaque.lastIndex = 0;
  for (let part = opaque.exec(script); part !== null; part = opaque.exec(script)) {
    if (part[0] === '/*') opaque.lastIndex = endOfBlockComment(script, part.index);
    else if (part[0] === ';') take(part.index);
  }
  take(script.length);
  return statements;
}
