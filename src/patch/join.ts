/** Several inputs reviewed together: their patches in the order given, numbered ones of a series in their order. */
import type { PatchSeries } from './series.ts';

/** One series of several; the first names it. The list must not be empty. */
export function joinSeries(list: PatchSeries[]): PatchSeries {
  const [first, ...rest] = list as [PatchSeries, ...PatchSeries[]];
  if (rest.length === 0) return first;
  const patches = list.flatMap((each) => each.patches);
  const numbered = patches.every((patch) => patch.total > 1 && patch.total === patches[0]!.total);
  return {
    ...first,
    cover: list.find((each) => each.cover !== '')?.cover ?? '',
    patches: numbered ? patches.sort((a, b) => a.index - b.index) : patches,
    skipped: list.flatMap((each) => each.skipped),
    repaired: list.flatMap((each) => each.repaired),
  };
}
