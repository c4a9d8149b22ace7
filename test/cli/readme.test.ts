/** The README's commands exist as it writes them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { lockstep } from './run.ts';

const ROOT = new URL('../../', import.meta.url);
const README = readFileSync(new URL('README.md', ROOT), 'utf8');
const commands = [...README.matchAll(/\blockstep (check|replay) ([^\n#>]*)/g)].map(([, name, rest]) => ({
  name: name!,
  words: rest!.trim().split(/\s+/),
}));

test('the README shows both commands', () => {
  assert.deepEqual([...new Set(commands.map(({ name }) => name))].sort(), ['check', 'replay']);
});

test('options in the README are options of the command', async () => {
  for (const { name, words } of commands) {
    const { out } = await lockstep([name, '--help']);
    for (const word of words)
      if (word.startsWith('--')) assert.ok(out.includes(`${word} `), `${name} ${word}`);
  }
});

test('files that the README and the architecture page name are there', () => {
  const architecture = readFileSync(new URL('docs/architecture.md', ROOT), 'utf8');
  const named = [
    ...`${README}\n${architecture}`.matchAll(/\b((?:examples|docs|src|test|rules)\/[\w./-]*\w)/g),
  ].map((match) => match[1]!);
  assert.ok(named.length > 10);
  for (const path of named) assert.ok(existsSync(new URL(path.replace(/\/\*.*$/, ''), ROOT)), path);
});
