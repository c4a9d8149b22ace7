/** The store in PostgreSQL, for workers on several machines. */
import pg from 'pg';
import { type Driver, type Run, SCHEMA, SqlStore } from './sql.ts';
import type { Store } from './store.ts';

/** Held while tables are made, so that workers that start together do not make them twice. */
const SCHEMA_LOCK = 5_177_301;

/** Opens, and makes when they are not there, the tables in the database at `url`. */
export async function openPostgres(url: string): Promise<Store> {
  const pool = new pg.Pool({ connectionString: url, max: 4, application_name: 'lockstep' });
  // A connection that breaks while idle is replaced by the next use.
  pool.on('error', () => {});
  const driver = makeDriver(pool);
  try {
    await driver.transaction(async (run) => {
      await run('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
      for (const statement of SCHEMA) await run(statement);
    });
  } catch (error) {
    await pool.end();
    throw error;
  }
  return new SqlStore(driver);
}

function makeDriver(pool: pg.Pool): Driver {
  const runOn =
    (on: pg.Pool | pg.PoolClient): Run =>
    async (sql, values = []) => {
      const result = await on.query(sql, values);
      return { rows: result.rows as Record<string, unknown>[], changed: result.rowCount ?? 0 };
    };
  return {
    run: runOn(pool),
    async transaction(body) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const result = await body(runOn(client));
        await client.query('COMMIT');
        client.release();
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch(() => {});
        client.release();
        throw error;
      }
    },
    skipLocked: ' FOR UPDATE SKIP LOCKED',
    close: () => pool.end(),
  };
}
