import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadChanges, readManifest, sqlRoot } from '../../src/install/migrate/index.js';
import { grantedRoles, readGrants } from '../support/grants.js';

interface Released {
  readonly change: string;
  readonly deploySha256: string;
  readonly rollbackSha256: string;
}

function functionFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? functionFiles(path) : [path];
  });
}

describe('changes of the package', () => {
  it('are numbered upwards, each number once', () => {
    const numbers = loadChanges().map((change) => Number(change.name.slice(0, 3)));
    expect(numbers).toEqual([...new Set(numbers)].sort((left, right) => left - right));
  });

  it('that were released are frozen', () => {
    const released: Released[] = JSON.parse(readFileSync(join(sqlRoot, 'changes', 'released.json'), 'utf8'));
    const now = new Map(loadChanges().map((change) => [change.name, change]));
    for (const { change, deploySha256, rollbackSha256 } of released) {
      expect(now.get(change)?.deploy.sha256, `${change}/deploy.sql was edited after release`).toBe(deploySha256);
      expect(now.get(change)?.rollback.sha256, `${change}/rollback.sql was edited after release`).toBe(rollbackSha256);
    }
  });

  it('leave the transaction to the runner', () => {
    for (const change of loadChanges()) {
      for (const script of [change.deploy, change.rollback, change.verify]) {
        // a procedure commits inside its body: the bodies are not the script's
        expect(script.text.replace(/\$\$[\s\S]*?\$\$/g, ''), script.file).not.toMatch(
          /^\s*(begin|commit|rollback)\s*;/im,
        );
      }
    }
  });

  it('own every object of the manifest', () => {
    const names = new Set(loadChanges().map((change) => change.name));
    const strays = readManifest().filter((object) => !names.has(object.change));
    expect(strays).toEqual([]);
  });
});

describe('grants', () => {
  it('hold every row once, sorted by room', () => {
    const rows = readGrants().map(({ kind, object, privilege }) => `${kind} ${object} ${privilege}`);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter((row, position) => rows.indexOf(row) !== position)).toEqual([]);
  });

  it('name only roles of ours', () => {
    const known: readonly string[] = [...grantedRoles, 'iu_migrator'];
    for (const { object, roles } of readGrants()) {
      expect(
        roles.filter((role) => !known.includes(role)),
        object,
      ).toEqual([]);
    }
  });

  it('agree with the line "May call:" of each function', () => {
    const granted = new Map<string, string[]>();
    for (const grant of readGrants()) if (grant.kind === 'function') granted.set(grant.object, [...grant.roles].sort());
    const differences = functionFiles(join(sqlRoot, 'functions')).flatMap((path) => {
      const name = path.replace(/^.*\/(.*)\.sql$/, '$1');
      const said = /^-- May call:(.*)$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? 'no line';
      const roles = [
        ...(said.match(/\biu_(emitter|worker|operator|approver|reader|core_pruner|migrator)\b/g) ?? []),
      ].sort();
      const rights = granted.get(name) ?? [];
      return roles.join() === rights.join()
        ? []
        : [`${name}: header says ${roles.join() || said.trim()}, grants ${rights.join() || 'nobody'}`];
    });
    expect(differences).toEqual([]);
  });
});
