/** Remembers jobs, cursors and records: in a file, or in PostgreSQL when an address of one is given. */
import type { Store } from './store.ts';

export type { Change, Job, JobState, NewJob, NewRecord, Store, StoredRecord } from './store.ts';

/**
 * Opens the store at `place`: a `postgres:` address, or the name of an SQLite file.
 * The database driver is loaded only when it is used.
 */
export async function openStore(place: string): Promise<Store> {
  if (/^postgres(?:ql)?:\/\//.test(place)) return (await import('./postgres.ts')).openPostgres(place);
  return (await import('./sqlite.ts')).openSqlite(place);
}
