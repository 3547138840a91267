import { readFileSync } from 'node:fs';
import { createEmptyDatabase, type TestDatabase } from './database.js';

const fixture = new URL('../fixtures/legacy-database.sql', import.meta.url);

/** What the fixture holds, as the user's documents count it. */
export const legacyCounts = { event_outbox: 93_686, information_unit: 158, unit_version: 165 } as const;

/** A database as the user has it before IU Core: its tables, its log of 16 columns and its rows, none of our objects. */
export async function createLegacyDatabase(): Promise<TestDatabase> {
  const db = await createEmptyDatabase();
  try {
    if (db.schema !== 'public') await db.pool.query(`create schema ${db.schema}`);
    await db.pool.query(readFileSync(fixture, 'utf8'));
  } catch (error) {
    await db.drop();
    throw error;
  }
  return db;
}
