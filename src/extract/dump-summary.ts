/**
 * Summaries as text for people: each way in which a function may end, with what it returns, takes and leaves.
 * Things are named by the function's own parameters. Nothing is judged.
 */
import { CONTEXTS } from '../sim/index.ts';
import type { Alternative, Path, Summary } from './summary.ts';

/** `name(params): n ways`, then a line for each; what happens to the parameters last. */
export function dumpSummary(summary: Summary, params: readonly string[]): string {
  const ways = summary.alternatives.length;
  const lines = [
    `${summary.name}(${params.join(', ')}): ${ways === 0 ? 'does not return' : `${ways} ${ways === 1 ? 'way' : 'ways'} to return`}`,
  ];
  for (const alternative of summary.alternatives)
    lines.push(`  ${describeAlternative(alternative, params).join('; ')}`);
  for (const { path, mode } of summary.requires)
    lines.push(`  asserts that ${describePath(path, params)} is held${mode === 'shared' ? ' (shared)' : ''}`);
  summary.fates.forEach((fate, i) => {
    if (fate !== 'left alone') lines.push(`  ${params[i]} may be ${fate === 'kept' ? 'kept' : 'changed'}`);
  });
  return `${lines.join('\n')}\n`;
}

/** What one way does, in a few words each. */
export function describeAlternative(alternative: Alternative, params: readonly string[]): string[] {
  const path = (p: Path): string => describePath(p, params);
  const { returns } = alternative;
  const value =
    returns.constant !== null
      ? String(returns.constant)
      : returns.path !== null
        ? path(returns.path)
        : signs(returns.mask);
  const words = [`returns ${value}${returns.owned === '' ? '' : ` with ${returns.owned}`}`];
  alternative.params.forEach((mask, i) => {
    if (mask !== 7) words.push(`when ${params[i]} is ${signs(mask)}`);
  });
  for (const { path: at, kind, from, to } of alternative.locks) {
    const name = `${kind} ${path(at)}`;
    if (from === 'free') words.push(`locks ${name}${to === 'shared' ? ' shared' : ''}`);
    else if (to === 'free') words.push(`unlocks ${name}${from === 'shared' ? ' shared' : ''}`);
    else words.push(`turns ${name} from ${from} to ${to}`);
  }
  for (const { path: at, delta, freed, moved } of alternative.refs) {
    if (delta > 0) words.push(`takes ${delta === 1 ? 'a reference' : `${delta} references`} on ${path(at)}`);
    if (delta < 0) words.push(`puts ${delta === -1 ? 'a reference' : `${-delta} references`} on ${path(at)}`);
    if (freed) words.push(`frees ${path(at)}`);
    if (moved) words.push(`gives away ${path(at)}`);
  }
  alternative.contexts.forEach((change, i) => {
    if (change === 0) return;
    const what = CONTEXTS[i]!;
    if (what === 'rcu') words.push(change > 0 ? 'enters RCU' : 'leaves RCU');
    else words.push(`${what} ${change > 0 ? 'off' : 'on'}`);
  });
  if (alternative.sleeps) words.push('may sleep');
  return words;
}

function describePath(path: Path, params: readonly string[]): string {
  // A global stands for its memory; a parameter for what it points to.
  let text = typeof path.root === 'number' ? (params[path.root] ?? '?') : path.root.replace(/^@/, '');
  let isObject = typeof path.root === 'string';
  for (const { how, cell } of path.steps) {
    if (cell === '') {
      if (!isObject) text = `*${text}`;
    } else text = `${text}${isObject ? '.' : '->'}${cell}`;
    isObject = how === 'address';
  }
  return text;
}

function signs(mask: number): string {
  switch (mask) {
    case 1:
      return '0';
    case 2:
      return 'nonzero';
    case 3:
      return '0 or nonzero';
    case 4:
      return 'an error';
    case 5:
      return '0 or an error';
    case 6:
      return 'nonzero or an error';
    default:
      return 'anything';
  }
}
