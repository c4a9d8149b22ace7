/** Where a finding is put: on a line that the patch touched, as near as possible to what it is about. */

/**
 * @param positions lines of the post-image at which the patch changed something, ascending
 * @param path lines that the proof passes through in this file, in order
 * @param at the line where it goes wrong, 0 when that is elsewhere
 * @returns the touched line that the path passes last; else the one nearest to `at`
 */
export function anchorLine(positions: number[], path: number[], at: number): number {
  const touched = new Set(positions);
  if (touched.has(at)) return at;
  const passed = path.findLast((line) => touched.has(line));
  if (passed !== undefined) return passed;
  const target = at === 0 ? (path.at(-1) ?? 0) : at;
  let best = positions[0] ?? target;
  for (const line of positions) if (Math.abs(line - target) < Math.abs(best - target)) best = line;
  return best;
}
