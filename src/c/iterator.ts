/**
 * Which arguments an iterator macro sets on each round, read from its definition: the parameters that its
 * `for` assigns, or those that it hands to another iterator in such a place.
 */
import type { MacroText } from './directives.ts';
import { splitTopLevel } from './guards.ts';
import { ITERATORS } from './kernel-macros.ts';

/** Indexes of the arguments, null when the definition does not tell. */
export function iteratorPlaces(
  name: string,
  definition: (name: string) => MacroText | null,
  depth = 0,
): readonly number[] | null {
  const known = ITERATORS.get(name);
  if (known || depth > 6) return known ?? null;
  const macro = definition(name);
  if (!macro?.params) return null;
  const { params, body } = macro;
  const inner = /^\s*(\w+)\s*\(([\s\S]*)\)\s*(?:if\b[\s\S]*)?$/.exec(body);
  if (inner && inner[1] !== 'for') {
    const places = iteratorPlaces(inner[1]!, definition, depth + 1) ?? [0];
    const args = splitTopLevel(inner[2]!).map(bare);
    const own = places.map((i) => params.indexOf(args[i] ?? '')).filter((i) => i >= 0);
    return own.length ? own : null;
  }
  if (!/\bfor\s*\(/.test(body)) return null;
  const set = params.flatMap((p, i) => {
    const assigned = new RegExp(`(?:^|[^\\w>.])\\(?${p}\\)?\\s*(?:=[^=]|\\+\\+|--)`);
    return /^\w+$/.test(p) && assigned.test(body) ? [i] : [];
  });
  return set.length ? set : null;
}

function bare(text: string): string {
  return text.trim().replace(/^\(\s*(\w+)\s*\)$/, '$1');
}
