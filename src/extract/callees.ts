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

const MAX_DEPTH = 3;
const MAX_NODES = 1200;

interface Known {
  summary: Summary | 'opaque' | null;
  /** Calls that could still be followed below it when it was made; Infinity when that was not the limit. */
  depth: number;
}

export class Callees {
  private readonly known = new Map<CFunction, Known>();
  private readonly inWork = new Set<CFunction>();
  private depth = MAX_DEPTH;
  /** The bound cut off something below the summary that is being made. */
  private isCut = false;

  /** The summary of `fn` as the context sees it, or what `summarise` says in its place. */
  summary(fn: CFunction, context: LowerContext): Summary | 'opaque' | null {
    const known = this.known.get(fn);
    // One that was made with less room may say less: it is made again.
    if (known !== undefined && known.depth >= this.depth) return known.summary;
    if (this.depth <= 0) {
      this.isCut = true;
      return null;
    }
    if (this.inWork.has(fn) || !fn.complete || fn.macro !== '' || fn.cfg().nodes.length > MAX_NODES)
      return null;
    const wasCut = this.isCut;
    this.isCut = false;
    this.inWork.add(fn);
    this.depth--;
    const { routine } = lower(fn, context.within?.(fn.file) ?? context);
    const summary = summarise(slice(routine), routine);
    this.depth++;
    this.inWork.delete(fn);
    this.known.set(fn, { summary, depth: this.isCut ? this.depth : Number.POSITIVE_INFINITY });
    this.isCut ||= wasCut;
    return summary;
  }
}
