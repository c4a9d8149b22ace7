/** The contract, kept by SQLite and by a real PostgreSQL server. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openStore } from '../../src/store/index.ts';
import { contract } from './contract.ts';
import { type Server, startPostgres } from './postgres.ts';

const directory = mkdtempSync(join(tmpdir(), 'lockstep-store-'));
after(() => rmSync(directory, { recursive: true, force: true }));
contract('sqlite', (name) => openStore(join(directory, 'made', `${name}.db`)));

let server: Server;
before(async () => {
  server = await startPostgres();
});
after(() => server?.stop());
const made = new Map<string, Promise<string>>();
contract('postgres', async (name) => {
  if (!made.has(name)) made.set(name, server.database(name));
  return openStore(await made.get(name)!);
});

test('a database that is not there is an error, not a hang', async () => {
  await assert.rejects(openStore('postgres://nobody@127.0.0.1:1/none'), /ECONNREFUSED/);
});
