/**
 * A PostgreSQL server of the tests' own, on loopback in a temporary directory; DATABASE_URL is used instead
 * when it is set. Without either the tests fail and say what to install.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

export interface Server {
  url: string;
  /** A fresh database in it, by its address. */
  database(name: string): Promise<string>;
  stop(): void;
}

/** Where Debian keeps the server's programs, newest version first. */
function programs(): string {
  const base = '/usr/lib/postgresql';
  const versions = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions
    .map((version) => join(base, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')));
  if (found) return found;
  throw new Error('these tests need a PostgreSQL server: apt-get install postgresql, or set DATABASE_URL');
}

export async function startPostgres(): Promise<Server> {
  if (process.env.DATABASE_URL) return server(process.env.DATABASE_URL, () => {});
  const bin = programs();
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-pg-'));
  const port = await freePort();
  // The server refuses to run as root.
  const root = process.getuid?.() === 0;
  if (root) {
    chmodSync(directory, 0o755);
    execFileSync('chown', ['postgres', directory]);
  }
  const run = (program: string, ...args: string[]) => {
    const command = [join(bin, program), ...args];
    const [file, ...rest] = root
      ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', ...command]
      : command;
    execFileSync(file!, rest, { stdio: ['ignore', 'ignore', 'inherit'], cwd: directory });
  };
  const data = join(directory, 'data');
  run('initdb', '-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync');
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
  run('pg_ctl', '-D', data, '-o', options, '-l', join(directory, 'log'), '-w', 'start');
  return server(`postgres://postgres@127.0.0.1:${port}/postgres`, () => {
    run('pg_ctl', '-D', data, '-m', 'immediate', 'stop');
    rmSync(directory, { recursive: true, force: true });
  });
}

function server(url: string, stop: () => void): Server {
  return {
    url,
    stop,
    async database(name) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query(`DROP DATABASE IF EXISTS ${name}`);
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      const own = new URL(url);
      own.pathname = `/${name}`;
      return own.href;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
