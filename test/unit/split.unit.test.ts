import { describe, expect, it } from 'vitest';
import { loadChanges } from '../../src/install/migrate/index.js';
import { splitStatements } from '../../src/install/migrate/split.js';

const texts = (script: string) => splitStatements(script).map((statement) => statement.text);

describe('statement splitter', () => {
  it.each([
    ['plain statements', 'select 1; select 2', ['select 1', 'select 2']],
    ['a semicolon in a string', "select ';'; select 2;", ["select ';'", 'select 2']],
    ['a doubled quote', "select 'it''s; me'; select 2", ["select 'it''s; me'", 'select 2']],
    ['a backslash quote in an E string', "select E'a\\'; b'; select 2", ["select E'a\\'; b'", 'select 2']],
    ['a backslash in a plain string', "select 'a\\'; select 2", ["select 'a\\'", 'select 2']],
    ['a quoted name', 'select 1 as "a;""b"; select 2', ['select 1 as "a;""b"', 'select 2']],
    ['a dollar quote', 'do $$ begin; end $$; select 2', ['do $$ begin; end $$', 'select 2']],
    [
      'a tagged dollar quote that holds another',
      'do $a$ x $$;$$ $b$; $a$; select 2',
      ['do $a$ x $$;$$ $b$; $a$', 'select 2'],
    ],
    ['a dollar inside a name', 'select a$b$; select b$b$', ['select a$b$', 'select b$b$']],
    ['a line comment', 'select 1 -- no; not here\n; select 2', ['select 1 -- no; not here', 'select 2']],
    ['a nested block comment', 'select 1 /* a /* ; */ ; */; select 2', ['select 1 /* a /* ; */ ; */', 'select 2']],
    ['quotes inside comments', "-- it's\nselect 1; /* it's */ select 2", ['select 1', 'select 2']],
    ['comments alone', '-- nothing\n/* here */ ;;\n', []],
    ['a name that ends in e before a string', "select name'x;'; select 2", ["select name'x;'", 'select 2']],
  ])('keeps %s together', (_, script, expected) => {
    expect(texts(script)).toEqual(expected);
  });

  it('names the line a statement begins on, comments before it left out', () => {
    expect(splitStatements('-- head\n\nselect 1;\n/* two\nlines */ select 2;').map(({ line }) => line)).toEqual([3, 5]);
  });

  it('loses nothing but white space, comments and semicolons of the real changes', () => {
    const bare = (text: string) => text.replace(/--[^\n]*/g, '').replace(/[\s;]/g, '');
    for (const change of loadChanges()) {
      const joined = texts(change.deploy.text).join('\n');
      expect(bare(joined), change.name).toBe(bare(change.deploy.text));
    }
  });
});
