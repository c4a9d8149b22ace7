/** Compares output with a kept file; `UPDATE_EXPECTED=1` writes it anew for a person to read. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';

/** Fails when `actual` is not, byte for byte, what test/report/expected/`name` holds. */
export function matchesFile(name: string, actual: string): void {
  const url = new URL(`./expected/${name}`, import.meta.url);
  if (process.env.UPDATE_EXPECTED === '1') writeFileSync(url, actual);
  assert.equal(actual, readFileSync(url, 'utf8'), `differs from ${url.pathname}`);
}
