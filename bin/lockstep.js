#!/usr/bin/env node
// Starts Lockstep: from dist/ when this is a published package, from src/ in a checkout. A Node too old for
// that hands over to the one that `npm ci` installs. Plain JavaScript, so that an old Node can read it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url);
const source = new URL('../src/cli/main.ts', import.meta.url);
const built = new URL('../dist/cli/main.js', import.meta.url);
const pinned = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));

if (isRecent(process.versions.node)) {
  if (module.enableCompileCache) module.enableCompileCache();
  const { main } = await import(existsSync(source) ? source.href : built.href);
  await main(process.argv);
} else if (existsSync(pinned) && process.env.LOCKSTEP_RESTARTED !== '1') {
  restart();
} else {
  process.stderr.write(`lockstep: needs Node 22.18 or newer, this is ${process.versions.node}\n`);
  process.exitCode = 2;
}

function isRecent(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}

function restart() {
  const child = spawn(pinned, [self, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, LOCKSTEP_RESTARTED: '1' },
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const forward = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, forward);
  child.on('error', (error) => {
    process.stderr.write(`lockstep: ${pinned}: ${error.message}\n`);
    process.exitCode = 2;
  });
  child.on('exit', (code, signal) => {
    for (const each of signals) process.off(each, forward);
    if (signal) process.kill(process.pid, signal);
    else process.exitCode = code;
  });
}
