/**
 * The store in SQL that SQLite and PostgreSQL both understand; what differs is in a Driver.
 *
 * Each change takes its sequence numbers from one row first, so changes are made one after the other and their
 * order is the order of the numbers.
 */
import type { Change, Job, JobState, NewRecord, Store, StoredRecord } from './store.ts';

export type Value = string | number | null;
export type Row = Record<string, unknown>;

/** Runs one statement; parameters are written $1, $2, … */
export type Run = (sql: string, values?: Value[]) => Promise<{ rows: Row[]; changed: number }>;

export interface Driver {
  run: Run;
  /** Runs `body` as one transaction that may write; rolled back when it throws. */
  transaction<T>(body: (run: Run) => Promise<T>): Promise<T>;
  /** What keeps two workers from claiming the same row. */
  skipLocked: string;
  close(): Promise<void>;
}

export const SCHEMA = [
  'CREATE TABLE IF NOT EXISTS lockstep_counter (id INTEGER PRIMARY KEY, value BIGINT NOT NULL)',
  'INSERT INTO lockstep_counter VALUES (1, 0) ON CONFLICT DO NOTHING',
  'CREATE TABLE IF NOT EXISTS lockstep_cursor (name TEXT PRIMARY KEY, value TEXT NOT NULL)',
  `CREATE TABLE IF NOT EXISTS lockstep_record (kind TEXT NOT NULL, key TEXT NOT NULL, tag TEXT NOT NULL,
     body TEXT NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (kind, key))`,
  'CREATE INDEX IF NOT EXISTS lockstep_record_tag ON lockstep_record (kind, tag, seq)',
  'CREATE INDEX IF NOT EXISTS lockstep_record_seq ON lockstep_record (kind, seq)',
  `CREATE TABLE IF NOT EXISTS lockstep_job (id BIGINT PRIMARY KEY, queue TEXT NOT NULL, key TEXT NOT NULL,
     body TEXT NOT NULL, state TEXT NOT NULL, run_at BIGINT NOT NULL, worker TEXT NOT NULL, until BIGINT NOT NULL,
     attempts INTEGER NOT NULL, error TEXT NOT NULL, UNIQUE (queue, key))`,
  'CREATE INDEX IF NOT EXISTS lockstep_job_due ON lockstep_job (queue, state, run_at)',
];

/** Rows of one INSERT: both databases limit the number of parameters. */
const ROWS = 500;

class Moved extends Error {}

export class SqlStore implements Store {
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  async commit(change: Change): Promise<boolean> {
    return this.#atomically((run) => makeChange(run, change));
  }

  async cursor(name: string): Promise<string | null> {
    const { rows } = await this.#driver.run('SELECT value FROM lockstep_cursor WHERE name = $1', [name]);
    return rows.length > 0 ? String(rows[0]!.value) : null;
  }

  async cursors(prefix: string): Promise<Map<string, string>> {
    const { rows } = await this.#driver.run(
      'SELECT name, value FROM lockstep_cursor WHERE substr(name, 1, $1) = $2 ORDER BY name',
      [prefix.length, prefix],
    );
    return new Map(rows.map((row) => [String(row.name), String(row.value)]));
  }

  async record(kind: string, key: string): Promise<StoredRecord | null> {
    const { rows } = await this.#driver.run('SELECT * FROM lockstep_record WHERE kind = $1 AND key = $2', [
      kind,
      key,
    ]);
    return rows.length > 0 ? toRecord(rows[0]!) : null;
  }

  async records(kind: string, filter: { tag?: string; limit?: number } = {}): Promise<StoredRecord[]> {
    const values: Value[] = [kind];
    const tag = filter.tag === undefined ? '' : ` AND tag = $${values.push(filter.tag)}`;
    const limit = filter.limit === undefined ? '' : ` LIMIT $${values.push(filter.limit)}`;
    const { rows } = await this.#driver.run(
      `SELECT * FROM lockstep_record WHERE kind = $1${tag} ORDER BY seq DESC${limit}`,
      values,
    );
    return rows.map(toRecord);
  }

  async known(kind: string, keys: string[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (let i = 0; i < keys.length; i += ROWS) {
      const some = keys.slice(i, i + ROWS);
      const { rows } = await this.#driver.run(
        `SELECT key FROM lockstep_record WHERE kind = $1 AND key IN (${some.map((_, k) => `$${k + 2}`).join()})`,
        [kind, ...some],
      );
      for (const row of rows) found.add(String(row.key));
    }
    return found;
  }

  async count(kind: string): Promise<Map<string, number>> {
    const { rows } = await this.#driver.run(
      'SELECT tag, count(*) AS n FROM lockstep_record WHERE kind = $1 GROUP BY tag ORDER BY tag',
      [kind],
    );
    return new Map(rows.map((row) => [String(row.tag), Number(row.n)]));
  }

  async claim(queue: string, worker: string, now: number, until: number): Promise<Job | null> {
    const { rows } = await this.#driver.run(
      `UPDATE lockstep_job SET state = 'running', worker = $1, until = $2, attempts = attempts + 1 WHERE id = (
         SELECT id FROM lockstep_job WHERE queue = $3
           AND ((state = 'queued' AND run_at <= $4) OR (state = 'running' AND until <= $4))
         ORDER BY run_at, id LIMIT 1${this.#driver.skipLocked}) RETURNING *`,
      [worker, until, queue, now],
    );
    return rows.length > 0 ? toJob(rows[0]!) : null;
  }

  async extend(job: Job, until: number): Promise<boolean> {
    const { changed } = await this.#driver.run(`UPDATE lockstep_job SET until = $1 WHERE ${OWN}`, [
      until,
      ...own(job),
    ]);
    return changed > 0;
  }

  async finish(job: Job, change: Change = {}): Promise<boolean> {
    return this.#atomically(async (run) => {
      const { changed } = await run(`UPDATE lockstep_job SET state = 'done', error = $1 WHERE ${OWN}`, [
        '',
        ...own(job),
      ]);
      if (changed === 0) throw new Moved();
      await makeChange(run, change);
    });
  }

  async fail(job: Job, error: string, runAt: number | null): Promise<boolean> {
    const { changed } = await this.#driver.run(
      `UPDATE lockstep_job SET state = '${runAt === null ? 'failed' : 'queued'}', run_at = $1, error = $5 WHERE ${OWN}`,
      [runAt ?? 0, ...own(job), error],
    );
    return changed > 0;
  }

  async workers(): Promise<string[]> {
    const { rows } = await this.#driver.run(
      "SELECT DISTINCT worker FROM lockstep_job WHERE state = 'running' ORDER BY worker",
    );
    return rows.map((row) => String(row.worker));
  }

  async release(worker: string): Promise<number> {
    const { changed } = await this.#driver.run(
      "UPDATE lockstep_job SET state = 'queued' WHERE state = 'running' AND worker = $1",
      [worker],
    );
    return changed;
  }

  async jobs(queue: string): Promise<Map<JobState, number>> {
    const { rows } = await this.#driver.run(
      'SELECT state, count(*) AS n FROM lockstep_job WHERE queue = $1 GROUP BY state ORDER BY state',
      [queue],
    );
    return new Map(rows.map((row) => [row.state as JobState, Number(row.n)]));
  }

  async nextDue(queue: string): Promise<number | null> {
    const { rows } = await this.#driver.run(
      `SELECT min(CASE state WHEN 'queued' THEN run_at ELSE until END) AS due FROM lockstep_job
       WHERE queue = $1 AND state IN ('queued', 'running')`,
      [queue],
    );
    return rows[0]?.due == null ? null : Number(rows[0].due);
  }

  close(): Promise<void> {
    return this.#driver.close();
  }

  async #atomically(body: (run: Run) => Promise<void>): Promise<boolean> {
    try {
      await this.#driver.transaction(body);
      return true;
    } catch (error) {
      if (error instanceof Moved) return false;
      throw error;
    }
  }
}

/** A job is a worker's as long as nobody has begun it again. */
const OWN = "id = $2 AND worker = $3 AND attempts = $4 AND state = 'running'";

function own(job: Job): Value[] {
  return [job.id, job.worker, job.attempts];
}

async function makeChange(run: Run, change: Change): Promise<void> {
  const records = change.records ?? [];
  const jobs = change.jobs ?? [];
  // Taken first: whoever has it makes his change before the next begins.
  const { rows } = await run('UPDATE lockstep_counter SET value = value + $1 WHERE id = 1 RETURNING value', [
    records.length + jobs.length,
  ]);
  let seq = Number(rows[0]!.value) - records.length - jobs.length;
  for (const { name, from, to } of change.cursors ?? []) {
    const { changed } =
      from === null
        ? await run('INSERT INTO lockstep_cursor VALUES ($1, $2) ON CONFLICT DO NOTHING', [name, to])
        : await run('UPDATE lockstep_cursor SET value = $2 WHERE name = $1 AND value = $3', [name, to, from]);
    if (changed === 0) throw new Moved();
  }
  for (const keep of [true, false]) {
    const some = lastOfEach(records.filter((each) => (each.keep === true) === keep));
    for (let i = 0; i < some.length; i += ROWS) {
      const rows = some
        .slice(i, i + ROWS)
        .map((each): Value[] => [each.kind, each.key, each.tag ?? '', JSON.stringify(each.body), ++seq]);
      const clash = keep
        ? 'DO NOTHING'
        : '(kind, key) DO UPDATE SET tag = excluded.tag, body = excluded.body, seq = excluded.seq';
      await run(`INSERT INTO lockstep_record VALUES ${places(rows)} ON CONFLICT ${clash}`, rows.flat());
    }
  }
  for (const { queue, key } of change.cancel ?? [])
    await run(
      "UPDATE lockstep_job SET state = 'cancelled' WHERE queue = $1 AND key = $2 AND state = 'queued'",
      [queue, key],
    );
  for (let i = 0; i < jobs.length; i += ROWS) {
    const rows = jobs
      .slice(i, i + ROWS)
      .map((job): Value[] => [
        ++seq,
        job.queue,
        job.key,
        JSON.stringify(job.body),
        'queued',
        job.runAt,
        '',
        0,
        0,
        '',
      ]);
    await run(`INSERT INTO lockstep_job VALUES ${places(rows)} ON CONFLICT DO NOTHING`, rows.flat());
  }
}

/** One statement cannot write a row twice: the last of each key is what would be left. */
function lastOfEach(records: NewRecord[]): NewRecord[] {
  return [...new Map(records.map((each) => [`${each.kind}\n${each.key}`, each])).values()];
}

function places(rows: Value[][]): string {
  let n = 0;
  return rows.map((row) => `(${row.map(() => `$${++n}`).join()})`).join();
}

function toRecord(row: Row): StoredRecord {
  return {
    kind: String(row.kind),
    key: String(row.key),
    tag: String(row.tag),
    body: JSON.parse(String(row.body)) as unknown,
    seq: Number(row.seq),
  };
}

function toJob(row: Row): Job {
  return {
    id: Number(row.id),
    queue: String(row.queue),
    key: String(row.key),
    body: JSON.parse(String(row.body)) as unknown,
    attempts: Number(row.attempts),
    worker: String(row.worker),
  };
}
