/** The store as a file: SQLite through node:sqlite, in write-ahead mode so that several processes can share it. */
import { mkdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type Driver, type Run, SCHEMA, SqlStore, type Value } from './sql.ts';
import type { Store } from './store.ts';

/** How long to wait for another process's change. */
const BUSY_MS = 30_000;
/** Statements kept prepared; their texts differ only in how many rows they write. */
const PREPARED = 100;

/** Opens, and makes when it is not there, the store in `file`. */
export function openSqlite(file: string): Store {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = NORMAL');
  database.exec('BEGIN IMMEDIATE');
  for (const statement of SCHEMA) database.exec(statement);
  database.exec('COMMIT');
  return new SqlStore(driver(database, turnsOf(file)));
}

/**
 * Statements on one file, of all connections of this process, wait for each other here: waiting inside SQLite
 * would stop the very code that has to end its transaction first.
 */
interface Turns {
  last: Promise<unknown>;
}

const turns = new Map<string, Turns>();

function turnsOf(file: string): Turns {
  const path = realpathSync(file);
  const known = turns.get(path) ?? { last: Promise.resolve() };
  turns.set(path, known);
  return known;
}

function driver(database: DatabaseSync, turns: Turns): Driver {
  const prepared = new Map<string, StatementSync>();
  const run: Run = async (sql, values = []) => {
    let statement = prepared.get(sql);
    if (!statement) {
      if (prepared.size >= PREPARED) prepared.clear();
      statement = database.prepare(sql.replace(/\$(\d+)/g, '?$1'));
      prepared.set(sql, statement);
    }
    if (/^SELECT|RETURNING/.test(sql)) {
      const rows = statement.all(...(values as Value[])) as Record<string, unknown>[];
      return { rows, changed: rows.length };
    }
    return { rows: [], changed: Number(statement.run(...(values as Value[])).changes) };
  };
  const inTurn = <T>(body: () => Promise<T>): Promise<T> => {
    const next = turns.last.then(body);
    turns.last = next.catch(() => {});
    return next;
  };
  return {
    run: (sql, values) => inTurn(() => run(sql, values)),
    transaction: (body) =>
      inTurn(async () => {
        database.exec('BEGIN IMMEDIATE');
        try {
          const result = await body(run);
          database.exec('COMMIT');
          return result;
        } catch (error) {
          database.exec('ROLLBACK');
          throw error;
        }
      }),
    skipLocked: '',
    close: async () => {
      await turns.last;
      database.close();
    },
  };
}
