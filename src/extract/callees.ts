/**
 * Summaries of the functions that a function calls, made on first use and kept.
 *
 * A function that is being summarised has no summary yet, so recursion ends; so does a chain of calls deeper
 * than a bound.
 */
import type { CFunction } from '../c/index.ts';
import { type LowerContext, lower } from './lower.ts';
import { slice } from './slice.ts';
import { type Summary, summarise } from './summary.ts';

const MAX_DEPTH = 5;
const MAX_NODES = 1200;

export class Callees {
  private readonly known = new Map<CFunction, Summary | 'opaque' | null>();
  private depth = 0;

  /** The summary of `fn` as the context sees it, or what `summarise` says in its place. */
  summary(fn: CFunction, context: LowerContext): Summary | 'opaque' | null {
    const known = this.known.get(fn);
    if (known !== undefined) return known;
    if (this.depth >= MAX_DEPTH || !fn.complete || fn.macro !== '' || fn.cfg().nodes.length > MAX_NODES)
      return null;
    this.known.set(fn, null);
    this.depth++;
    const { routine } = lower(fn, context.within?.(fn.file) ?? context);
    const summary = summarise(slice(routine), routine);
    this.depth--;
    this.known.set(fn, summary);
    return summary;
  }
}
