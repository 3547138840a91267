import { readFileSync } from 'node:fs';
import { createEmptyDatabase, type TestDatabase } from './database.js';

const fixture = new URL('../fixtures/legacy-database.sql', import.meta.url);

/** What the fixture holds, as the user's documents count it. */
export const legacyCounts = { event_outbox: 93_686, information_unit: 158, unit_version: 165 } as const;

/** The statements of the fixture with that many events; without its stand-ins for tables of Directus where the real ones are. */
export function legacyStatements(events: number, { standIns = true } = {}): string {
  const text = readFileSync(fixture, 'utf8').replace(
    `generate_series(1, ${legacyCounts.event_outbox})`,
    `generate_series(1, ${events})`,
  );
  return standIns ? text : text.replace(/^(create table|insert into) directus_.*$/gm, '');
}

/** A database as the user has it before IU Core: its tables, its log of 16 columns and its rows, none of our objects. */
export async function createLegacyDatabase(events: number = legacyCounts.event_outbox): Promise<TestDatabase> {
  const db = await createEmptyDatabase();
  try {
    if (db.schema !== 'public') await db.pool.query(`create schema ${db.schema}`);
    await db.pool.query(legacyStatements(events));
  } catch (error) {
    await db.drop();
    throw error;
  }
  return db;
}
