// iu cut on a database: two people, each with a login of his own, take revisions through, back, and through a whole folder.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { normalizer } from '../../src/contract/cut/normalize.js';
import { documentCutter } from '../../src/cut/cut-document.js';
import { pinSource, startCutRun } from '../../src/store/cut.js';
import { runIu } from '../support/cli.js';
import { openCutGates } from '../support/cut-pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
let folder: string;
let editor: string;
let approver: string;

beforeAll(async () => {
  db = await createTestDatabase();
  await openCutGates(db);
  editor = await db.loginUrl('iu_operator', 'iu_emitter', 'iu_reader');
  approver = await db.loginUrl('iu_approver', 'iu_reader');
  folder = mkdtempSync(join(tmpdir(), 'iu-cut-'));
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await db.drop();
});

const at = (url: string, ...words: string[]) => runIu([...words, '--database-url', url, '--schema', db.schema]);
async function json(url: string, ...words: string[]) {
  const { stdout, stderr, exitCode } = await at(url, ...words, '--json');
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout);
}
const file = (name: string, text: string) => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
};
const first =
  '# Law\n## A\n### Art. 1\nThe state is free and its people own it.\n### Art. 2\nThe prince has rights.\n## B\nEnds here.\n';

/** Runs the approval that the note of another command names. */
async function approveAsSaid(note: string): Promise<void> {
  const [, id = '', gate = '', digest = ''] = /iu cut approve (\d+) --gate (\d) --manifest (\w+) /.exec(note) ?? [];
  await json(
    approver,
    ...['cut', 'approve', id, '--gate', gate, '--manifest', digest, '--note', 'read it', '--actor', 'bob'],
  );
}

describe('the commands about cuts', () => {
  it('start, plan, approve, apply, enact, list, show and roll back a revision', async () => {
    const words = ['--document', 'law', '--revision', '1', '--actor', 'ann', '--title', 'The law'];
    const started = await at(editor, 'cut', 'start', file('law.md', first), ...words);
    expect(started.stdout).toMatch(/state +awaiting cut authorization\nwaits for +gate 1\npieces +5\n/);
    const [run] = (await json(editor, 'cut', 'list', '--waits-for', 'gate 1')).items;
    const id: string = run.runId;
    const states =
      'source pinned\nmarked, 5 pieces\ncutplan ok\npre write backup taken\ngrants probed\nawaiting cut authorization\n';
    expect(started.stderr).toContain(`${states}next: somebody else than`);
    expect(started.stderr).toContain(`somebody else than ${run.createdBy}: iu cut approve ${id}`);
    const page = await json(editor, 'cut', 'plan', id, '--limit', '2');
    expect(page.items).toMatchObject([
      { ordinal: 0, fate: 'born', unit: 'law/title' },
      { ordinal: 1, unit: 'law/a' },
    ]);
    expect((await json(editor, 'cut', 'plan', id, '--after', page.next)).items).toHaveLength(3);
    const digest = started.stderr.match(/--manifest ([0-9a-f]{12}) /)?.[1] ?? '';
    const blind = await at(approver, 'cut', 'approve', id, '--gate', '1', '--note', 'x', '--actor', 'bob');
    expect(blind).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('--manifest') });
    const own = await at(
      editor,
      'cut',
      'approve',
      id,
      '--gate',
      '1',
      '--manifest',
      digest,
      '--note',
      'x',
      '--actor',
      'ann',
    );
    expect(own).toMatchObject({ exitCode: expect.any(Number), stderr: expect.stringMatching(/IU\d{3}/) });
    expect(own.exitCode).not.toBe(0);
    for (const verb of ['apply', 'enact'])
      expect((await at(editor, 'cut', verb, id, '--actor', 'ann')).exitCode, `${verb} before gate 1`).toBe(3);
    const vague = [
      'cut',
      'approve',
      id,
      '--gate',
      '1',
      '--manifest',
      digest.slice(0, 4),
      '--note',
      'x',
      '--actor',
      'bob',
    ];
    expect((await at(approver, ...vague)).stderr).toMatch(/IU740 .*first 12 characters/);
    await approveAsSaid(started.stderr);
    expect(await json(editor, 'cut', 'apply', id, '--actor', 'ann')).toMatchObject({
      waitsFor: 'gate 2',
      counts: { created: 6 },
    });
    expect((await at(editor, 'cut', 'apply', id, '--actor', 'ann')).exitCode, 'written before').toBe(0);
    expect((await at(editor, 'cut', 'enact', id, '--actor', 'ann')).exitCode, 'enact before gate 2').toBe(3);
    expect((await at(approver, 'cut', 'plan', id)).stderr).toMatch(/next: iu cut approve \d+ --gate 2 --manifest/);
    const shownAtGate = await at(approver, 'cut', 'show', id);
    await approveAsSaid(shownAtGate.stderr);
    expect(await json(editor, 'cut', 'enact', id, '--actor', 'ann')).toMatchObject({ state: 'closeout_reported' });
    const shown = await json(editor, 'cut', 'show', id);
    expect(shown.log).toHaveLength(14);
    expect(JSON.stringify(shown)).not.toMatch(/"[a-z]+(_[a-z0-9]+)+":/);
    expect(shown.manifest.counts.pieces).toBe(5);
    const refused = await at(editor, 'cut', 'start', file('other.md', '# x\n'), ...words);
    expect(refused.stderr).toContain('IU703');
    const back = await json(editor, 'cut', 'rollback', id, '--actor', 'ann', '--approval', 'R-1');
    expect(back.state).toBe('voided_rolled_back');
    expect((await at(editor, 'cut', 'enact', id, '--actor', 'ann')).exitCode, 'enact of what is undone').toBe(3);
    const again = await at(editor, 'cut', 'void', id, '--actor', 'ann', '--reason', 'x');
    expect(again.stderr).toMatch(/IU730.*\n.*nothing left of it/);
    expect((await json(editor, 'cut', 'list', '--open')).items).toEqual([]);
  }, 60_000);

  it('decide what a piece is, and void what is not wanted', async () => {
    const start = (text: string, revision: string) =>
      json(editor, 'cut', 'start', file('two.md', text), '--document', 'two', '--revision', revision, '--actor', 'ann');
    const { runId } = await start(first, '1');
    for (const verb of ['apply', 'enact']) {
      await approveAsSaid((await at(approver, 'cut', 'show', runId)).stderr);
      await json(editor, 'cut', verb, runId, '--actor', 'ann');
    }
    const second = await start(
      first.replace('Art. 2\nThe prince has rights.', 'Art. 9\nSomething quite different stands there now.'),
      '2',
    );
    const decided = await json(editor, 'cut', 'decide', second.runId, '3', '--as', 'two/a/art-2', '--actor', 'ann');
    expect(decided.manifest.counts).toMatchObject({ fates: { changed: 1, same: 4 }, steps: { renumber: 1 } });
    const lines = await at(editor, 'cut', 'plan', second.runId, '--changes');
    expect(lines.stdout).toMatch(/3 +Art\. 9 +changed +two\/a\/art-2 +person/);
    expect(lines.stdout).toMatch(/step +renumber +two\/a\/art-2 .*Art\. 2 becomes Art\. 9/);
    const twice = await at(editor, 'cut', 'decide', second.runId, '4', '--as', 'two/a/art-2', '--actor', 'ann');
    expect(twice.stderr).toContain('Pieces 3, 4 are decided to be two/a/art-2: it is split into them.');
    const apart = await at(editor, 'cut', 'decide', second.runId, '4', '--new', '--actor', 'ann');
    expect(apart.stderr).not.toContain('it is split');
    const anew = await json(editor, 'cut', 'decide', second.runId, '3', '--new', '--actor', 'ann');
    expect(anew.manifest.counts.fates).toMatchObject({ born: 2 });
    for (const words of [[], ['--new', '--withdraw'], ['--as', 'two/b', '--new']]) {
      const neither = await at(editor, 'cut', 'decide', second.runId, '3', ...words, '--actor', 'ann');
      expect(neither.stderr).toContain('IU738');
    }
    const decide = (...words: string[]) => at(editor, 'cut', 'decide', second.runId, ...words, '--actor', 'ann');
    const both = await decide('3', '--as', 'two/a/art-1', '--as', 'two/a/art-2');
    expect(both.stderr).toContain('Piece 3 is decided to be two/a/art-1 and two/a/art-2: they are merged into it.');
    expect(both.stderr).toMatch(/This replaces the word of \S+: piece 3 was decided to be new\./);
    const merged = await at(editor, 'cut', 'plan', second.runId, '--what', 'step');
    expect(merged.stdout).toMatch(/step +merge /);
    expect((await decide('2', '--as', 'two/a/art-1')).stderr).toMatch(/IU738.*piece 3 was decided/);
    expect((await decide('2', '--as', 'two')).stderr).toMatch(/IU738 two is the document itself/);
    const less = await decide('3', '--as', 'two/a/art-2');
    expect(less.stderr).toMatch(/piece 3 was decided to be two\/a\/art-1 and two\/a\/art-2\./);
    const { decision } = await json(editor, 'cut', 'decide', second.runId, '3', '--withdraw', '--actor', 'ann');
    expect(decision).toMatchObject({ unitIds: null, replaces: { units: ['two/a/art-2'] } });
    expect((await decide('3', '--withdraw')).stderr).toMatch(/IU738.*nothing is to be withdrawn/);
    const { decisions } = await json(editor, 'cut', 'show', second.runId);
    expect(decisions.filter((one: { counts: boolean }) => one.counts)).toMatchObject([{ ordinal: 4, units: [] }]);
    expect(decisions.at(-1)).toMatchObject({ ordinal: 3, units: null });
    const said = (await at(editor, 'cut', 'show', second.runId)).stdout;
    expect(said).toMatch(/piece 3: two\/a\/art-1 and two\/a\/art-2 by \S+ \(ann\), counts no more\n/);
    expect((await decide('4', '--withdraw')).stderr).toMatch(
      /This withdraws the word of \S+: piece 4 was decided to be new\./,
    );
    const matchers = await json(editor, 'cut', 'show', second.runId);
    expect(matchers.manifest).toEqual(second.manifest);
    const gone = await json(editor, 'cut', 'void', second.runId, '--actor', 'ann', '--reason', 'no');
    expect(gone.state).toBe('voided_by_person');
  }, 60_000);

  it('take on a run that was killed before its pieces were recorded', async () => {
    const client = await db.as('iu_operator', 'iu_emitter');
    const about = { mediaType: 'text/markdown', newlineStyle: 'lf', title: 'killed', sourceNote: null } as const;
    const { pinId } = await pinSource(client, Buffer.from(`${first}# killed\n`), about);
    const { run_id } = await startCutRun(client, {
      ...{
        pinId,
        documentAddress: 'killed',
        documentTitle: 'killed',
        ownerRef: 'ann',
        revisionLabel: '1',
        actor: 'ann',
      },
      ...{ cutter: documentCutter, config: { normalizer, grammar: null } },
    });
    expect(await json(editor, 'cut', 'apply', run_id, '--actor', 'ann')).toMatchObject({ waitsFor: 'gate 1' });
  }, 60_000);

  it('show the text of a doubtful piece beside its candidates, to the approver too, before anybody decides', async () => {
    const start = (text: string, revision: string) =>
      at(editor, 'cut', 'start', file('fees.md', text), '--document', 'fees', '--revision', revision, '--actor', 'ann');
    const rule =
      'Whoever uses the hall pays the fee that the board has set for the year, in advance, to the account of the house, and shows the receipt to the warden';
    const other = '## Other\nNothing else is paid by anybody for the use of rooms in this building or outside.\n';
    const old = `# Fees\n## Summer\n${rule} in summer.\n## Winter\n${rule} in winter.\n${other}`;
    await start(old, '1');
    const [first] = (await json(editor, 'cut', 'list', '--document', 'fees')).items;
    for (const verb of ['apply', 'enact']) {
      await approveAsSaid((await at(approver, 'cut', 'show', first.runId)).stderr);
      await json(editor, 'cut', verb, first.runId, '--actor', 'ann');
    }
    const started = await start(`# Fees\n${other}## Seasons\n${rule} at any time.\n`, '2');
    const [, id = ''] = /iu cut diff (\d+) PIECE/.exec(started.stderr) ?? [];
    const looked = await json(approver, 'cut', 'diff', id, '2');
    expect(looked).toMatchObject({ label: 'Seasons', fate: 'doubtful', text: null });
    expect(looked.beside.map((one: { unit: string }) => one.unit)).toEqual(['fees/summer', 'fees/winter']);
    expect((await at(approver, 'cut', 'diff', id, '2', '--with', 'fees/summer')).stdout).toBe(
      [
        'piece 2, Seasons: doubtful\nfees/summer, version 1 -> the piece\n- 1 ## Summer',
        `- 2 ${rule} in summer.\n+ 1 ## Seasons\n+ 2 ${rule} at any time.\n`,
      ].join('\n'),
    );
    const decided = await json(editor, 'cut', 'decide', id, '2', '--new', '--actor', 'ann');
    expect(decided.waitsFor).toBe('gate 1');
    expect((await json(approver, 'cut', 'diff', id, '2')).text).toContain('## Seasons');
    expect((await json(editor, 'cut', 'diff', id, '1')).beside).toMatchObject([{ unit: 'fees/other' }]);
    expect((await at(editor, 'cut', 'diff', id, '77')).stderr).toContain('IU738');
    expect((await at(editor, 'cut', 'diff', id, '2', '--with', 'fees/nothing')).stderr).toContain('IU601');
    await json(editor, 'cut', 'void', id, '--actor', 'ann', '--reason', 'no');
  }, 60_000);

  it('approve a whole list at one gate, each run judged alone by the manifest that stands in the list', async () => {
    for (const name of ['a', 'b', 'c']) file(`many/${name}.md`, `# ${name}\n## One\nfirst\n`);
    const dir = () =>
      json(editor, 'cut', 'dir', join(folder, 'many'), '--actor', 'ann', '--prefix', 'many', '--revision', '1');
    const waiting = (await dir()).open;
    expect(waiting).toMatchObject([
      { waitsFor: 'gate 1', manifestDigest: expect.stringMatching(/^[0-9a-f]{64}$/) },
      {},
      {},
    ]);
    const seen = await json(approver, 'cut', 'list', '--waits-for', 'gate 1', '--limit', '100');
    seen.items = seen.items.filter((one: { documentAddress: string }) => one.documentAddress.startsWith('many/'));
    const digests = (rows: { manifestDigest: string }[]) => rows.map((one) => one.manifestDigest).sort();
    expect(digests(seen.items)).toEqual(digests(waiting));
    expect((await at(approver, 'cut', 'list', '--open')).stdout).toContain(
      ` ${waiting[0].manifestDigest.slice(0, 12)} `,
    );
    const [lost] = waiting.map((one: { runId: string }) => one.runId);
    await json(editor, 'cut', 'void', lost, '--actor', 'ann', '--reason', 'wrong file');
    const approve = (text: string, gate: string, ...words: string[]) =>
      at(
        approver,
        'cut',
        'approve',
        '--from',
        file('seen.json', text),
        '--gate',
        gate,
        '--note',
        'read',
        '--actor',
        'bob',
        ...words,
      );
    const first = await approve(JSON.stringify(seen), '1', '--json');
    expect(first.exitCode).toBe(1);
    const many = JSON.parse(first.stdout);
    expect(many).toMatchObject({
      gate: 1,
      listed: 3,
      approved: 2,
      refused: 1,
      left: 0,
      refusals: [{ runId: lost, code: 'IU730' }],
    });
    expect(many.approvals[0]).toMatchObject({
      gate: 1,
      approvedBy: expect.any(String),
      manifestDigest: expect.any(String),
    });
    const next = await dir();
    expect(next.open.map((one: { waitsFor: string }) => one.waitsFor)).toEqual(['gate 1', 'gate 2', 'gate 2']);
    const second = await approve(JSON.stringify(next), '2');
    expect(second).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/listed +2\napproved +2\nrefused +0\n/),
    });
    expect(second.stderr).toContain('1 of the list waited for something else than gate 2');
    expect(await dir()).toMatchObject({ finished: 2, waits: 1 });
    const [left] = next.open;
    const other = await approve(`# not this one: 9\n${left.runId} ${'0'.repeat(12)} many/a\n`, '1');
    expect(other).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/IU740 .*another manifest/) });
    for (const text of ['', 'x', '{}', `${left.runId} abc`, JSON.stringify(next).replaceAll('gate 1', 'decisions')]) {
      expect(await approve(text, '1')).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('IU749') });
    }
    expect(await approve('7 0', '1', '--manifest', '0')).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining('IU030'),
    });
    expect((await approve(`${left.runId}=${left.manifestDigest.slice(0, 12)} many/a\r\n`, '1')).exitCode).toBe(0);
    await dir();
    await approveAsSaid((await at(approver, 'cut', 'show', left.runId)).stderr);
    expect(await dir()).toMatchObject({ finished: 1, unchanged: 2, open: [] });
  }, 60_000);

  it('show what a text was made of, by what, and how it was read', async () => {
    const path = join(folder, 'latin.txt');
    writeFileSync(path, Buffer.from('\xc4rger\r\n\r\nArt. 1 Zweck\r\nx\r\n\r\nArt. 2 Name\r\ny\r\n', 'latin1'));
    const about = ['--document', 'li/latin', '--revision', '1', '--actor', 'ann', '--note', 'official gazette'];
    const { runId } = await json(editor, 'cut', 'start', path, '--encoding', 'latin1', ...about);
    expect(await json(editor, 'cut', 'show', runId)).toMatchObject({
      mediaType: 'text/plain',
      newlineStyle: 'crlf',
      sourceNote: 'official gazette',
      grammar: 'german 1',
      originalMediaType: 'text/plain',
      originalEncoding: 'windows-1252',
      originalSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      extractor: 'charset-windows-1252 1',
    });
    const pins = await db.pool.query(
      `select encoding, newline_style, has_byte_order_mark from iu_source_pin where title = 'li/latin' order by pin_id`,
    );
    const pin = { newline_style: 'crlf', has_byte_order_mark: false };
    expect(pins.rows).toEqual([
      { ...pin, encoding: 'utf-8' },
      { ...pin, encoding: 'windows-1252' },
    ]);
    const wide = join(folder, 'wide.txt');
    writeFileSync(wide, Buffer.from('\ufeffPlain text\n', 'utf16le'));
    await json(editor, 'cut', 'start', wide, '--document', 'li/wide', '--revision', '1', '--actor', 'ann');
    const marked = await db.pool.query(
      `select encoding, newline_style, has_byte_order_mark from iu_source_pin where title = 'li/wide' order by pin_id`,
    );
    expect(marked.rows[1]).toEqual({ encoding: 'utf-16le', newline_style: 'lf', has_byte_order_mark: true });
  });

  it('read the files of a folder, also of its history, with the same options as one file', async () => {
    writeFileSync(file('coded/a.text', ''), Buffer.from('R\xe9sum\xe9\n\nfirst\n', 'latin1'));
    file('coded/b.md', '# Für\nx\n');
    const dir = (...words: string[]) =>
      at(editor, 'cut', 'dir', join(folder, 'coded'), '--actor', 'ann', '--prefix', 'coded', '--json', ...words);
    const blind = JSON.parse((await dir('--revision', '1')).stdout);
    expect(blind).toMatchObject({ revisions: 2, refused: 1, waits: 1 });
    const hint = expect.stringContaining('--encoding');
    expect(blind.open[0]).toMatchObject({ document: 'coded/a', code: 'IU724', hint });
    expect((await dir('--revision', '1', '--encoding', 'klingon')).stderr).toContain('IU724');
    const said = JSON.parse((await dir('--revision', '1', '--encoding', 'latin1')).stdout);
    expect(said).toMatchObject({ refused: 0, waits: 2 });
    const texts = await db.pool.query(
      "select convert_from(bytes, 'UTF8') as text from iu_source_pin where title ~ '^coded/' and media_type ~ '^text/' and encoding = 'utf-8'",
    );
    expect(texts.rows.map(({ text }) => text).sort()).toEqual(['# Für\nx\n', 'Résumé\n\nfirst\n']);
    const small = JSON.parse((await dir('--revision', '2', '--max-bytes', '10')).stdout);
    expect(small.open).toMatchObject([{ code: 'IU721' }, { code: 'IU704' }]);
    const one = ['--document', 'coded/c', '--revision', '1', '--actor', 'ann', '--max-bytes', '10'];
    expect((await at(editor, 'cut', 'start', file('c.text', 'more than ten'), ...one)).stderr).toContain('IU721');
    const git = (...words: string[]) => execFileSync('git', ['-C', join(folder, 'coded'), ...words], { stdio: 'pipe' });
    git('init', '-q');
    git('add', '.');
    git('-c', 'user.name=test', '-c', 'user.email=test@example.com', 'commit', '-q', '-m', 'one');
    const history = JSON.parse((await dir('--git', '--max-bytes', '10')).stdout);
    expect(history.open).toMatchObject([{ code: 'IU721', message: expect.stringMatching(/a\.text of commit/) }, {}]);
  }, 60_000);

  it('take a folder and a git history, pass over what is finished, and list what waits for a person', async () => {
    const git = (...words: string[]) =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=test', '-c', 'user.email=test@example.com', ...words], {
        stdio: 'pipe',
      });
    git('init', '-q');
    for (const [text, other] of [
      [first, '# One\nx\n'],
      [first.replace('rights', 'duties'), '# One\nx\n'],
      [first.replace('Ends', 'It ends'), '# One\ny\n'],
    ]) {
      file('laws/a.md', text ?? '');
      file('laws/sub/b.md', other ?? '');
      file('laws/sub/picture.png', 'no document');
      git('add', 'laws');
      git('commit', '-q', '-m', 'revision');
    }
    const dir = (url: string, ...words: string[]) =>
      json(url, 'cut', 'dir', join(folder, 'laws'), '--actor', 'ann', '--prefix', 'git', ...words);
    const waiting = await dir(editor, '--git');
    expect(waiting).toMatchObject({ revisions: 5, finished: 0, waits: 2, after: 3 });
    expect(waiting.open).toMatchObject([{ document: 'git/a', waitsFor: 'gate 1' }, { document: 'git/sub/b' }]);
    const done = await dir(db.url, '--git', '--yes-i-approve');
    expect(done).toMatchObject({ finished: 5, unchanged: 0, waits: 0, open: [] });
    expect(await dir(db.url, '--git', '--yes-i-approve')).toMatchObject({ finished: 0, unchanged: 5 });
    const runs = (await json(editor, 'cut', 'list', '--document', 'git/a')).items;
    expect(runs.map((run: { unitsRevised: number }) => run.unitsRevised)).toEqual([2, 1, 0]);
    file('laws/broken.md', 'x\u0000');
    for (const ending of ['md', 'html']) file(`laws/two.${ending}`, '<h1>Two</h1>');
    const words = ['--actor', 'ann', '--prefix', 'git', '--revision', 'now', '--yes-i-approve', '--json'];
    const { stdout, exitCode } = await at(db.url, 'cut', 'dir', join(folder, 'laws'), ...words);
    expect(exitCode).toBe(1);
    const plain = JSON.parse(stdout);
    expect(plain).toMatchObject({ revisions: 5, finished: 2, refused: 2, after: 1 });
    expect(plain.open).toMatchObject([
      { document: 'git/broken', code: 'IU723' },
      { document: 'git/two', code: 'IU746', message: expect.stringContaining('two.html and two.md') },
    ]);
    file('more/c.md', '');
    symlinkSync('c.md', join(folder, 'more/link.md'));
    git('add', 'more');
    git('commit', '-q', '-m', 'empty');
    file('more/c.md', '# C\n');
    git('commit', '-q', '-am', 'text');
    const more = await json(
      db.url,
      ...['cut', 'dir', join(folder, 'more'), '--git', '--actor', 'ann', '--yes-i-approve'],
    );
    expect(more).toMatchObject({ revisions: 2, passed: 1, finished: 1, open: [{ document: 'c', code: 'IU722' }] });
    expect((await at(editor, 'cut', 'dir', folder, '--actor', 'ann')).stderr).toContain('IU746');
    await db.pool.query("update dot_config set value = '', reason = 'test' where key = 'iu_core.installation'");
    const shortcut = await at(db.url, 'cut', 'dir', folder, '--actor', 'ann', '--git', '--yes-i-approve');
    expect(shortcut.stderr).toContain('IU732');
  }, 60_000);
});
