/**
 * What the front doors remember: cursors (how far a source was read), jobs (work that survives a crash and is
 * done once) and records (reviews, replies, mails). This file says what a store promises; it stores nothing.
 *
 * Everything that belongs together is one Change: it happens whole or not at all. Times are milliseconds since
 * 1970 and always given by the caller.
 */

export interface Change {
  /** Moves cursors; when one is not at `from` any more (null: not set), nothing of the change happens. */
  cursors?: { name: string; from: string | null; to: string }[];
  /** Writes records; with `keep`, one that is there already stays as it is. */
  records?: NewRecord[];
  /** Queues jobs; a job whose key its queue has had before is not queued again. */
  jobs?: NewJob[];
  /** Takes back jobs that nobody has begun. */
  cancel?: { queue: string; key: string }[];
}

export interface NewRecord {
  kind: string;
  key: string;
  /** What records are found and counted by. */
  tag?: string;
  /** Anything that JSON can hold. */
  body: unknown;
  keep?: boolean;
}

export interface StoredRecord {
  kind: string;
  key: string;
  tag: string;
  body: unknown;
  /** Rises with every write to the store, so that the last written come last. */
  seq: number;
}

export interface NewJob {
  queue: string;
  key: string;
  body: unknown;
  /** Not begun before. */
  runAt: number;
}

export interface Job {
  id: number;
  queue: string;
  key: string;
  body: unknown;
  /** How often it was begun, this time included. */
  attempts: number;
  worker: string;
}

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export interface Store {
  /** True when the change was made; false when a cursor had been moved by somebody else. */
  commit(change: Change): Promise<boolean>;
  cursor(name: string): Promise<string | null>;
  /** All cursors whose name starts so, by name. */
  cursors(prefix: string): Promise<Map<string, string>>;

  record(kind: string, key: string): Promise<StoredRecord | null>;
  /** Records of a kind, last written first. */
  records(kind: string, filter?: { tag?: string; limit?: number }): Promise<StoredRecord[]>;
  /** Those of the keys that a kind has. */
  known(kind: string, keys: string[]): Promise<Set<string>>;
  /** How many records of a kind each tag has. */
  count(kind: string): Promise<Map<string, number>>;

  /** The job that has waited longest of those due, for `worker` alone until `until`; null when none is due. */
  claim(queue: string, worker: string, now: number, until: number): Promise<Job | null>;
  /** Keeps a claimed job for longer; false when it is not this worker's any more. */
  extend(job: Job, until: number): Promise<boolean>;
  /** Ends a job and makes a change, both or neither; false when the job is not this worker's any more. */
  finish(job: Job, change?: Change): Promise<boolean>;
  /** Gives a job back to be begun again at `runAt`, or for good when that is null. */
  fail(job: Job, error: string, runAt: number | null): Promise<boolean>;
  /** Names of workers that hold jobs. */
  workers(): Promise<string[]>;
  /** Gives back the jobs of a worker that is known to be dead. */
  release(worker: string): Promise<number>;
  jobs(queue: string): Promise<Map<JobState, number>>;
  /** When the next job that waits is due; null when none waits. */
  nextDue(queue: string): Promise<number | null>;

  close(): Promise<void>;
}
