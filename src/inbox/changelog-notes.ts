/**
 * What a series' prose lacks, one sentence each: what it is for, how it was tested, what changed since the last version.
 * Says nothing of code.
 */
import type { PatchSeries } from '../patch/index.ts';

/** Shorter changelogs explain nothing. */
const FEW_WORDS = 12;

export function changelogNotes(series: PatchSeries): string[] {
  const notes: string[] = [];
  const said = [
    series.cover,
    ...series.patches.flatMap((patch) => [patch.message, patch.remarks ?? '']),
  ].join('\n');
  const explained = [series.cover, ...series.patches.map((patch) => patch.message)];
  if (explained.every((text) => prose(text).length < FEW_WORDS))
    notes.push('What problem does this solve? The changelog does not say.');
  if (
    !/\b(?:test(?:ed|s|ing)?|benchmark|bench|measured|reproduc\w*|verified|selftests?|syzbot|splat)\b/i.test(
      said,
    )
  )
    notes.push('How was this tested?');
  const listed =
    /\bchange(?:s|d|log)?\b[^\n]{0,40}\bv?\d|\bsince v?\d|^\s*(?:\[?v\d+\b|v\d+\s*(?:->|→|=>))|\bv\d+ ?: ?\S*https?:/im.test(
      said,
    );
  if (series.version > 1 && !listed) notes.push(`What changed since v${series.version - 1}?`);
  return notes;
}

/** The words of a changelog, trailers aside. */
function prose(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !/^[\w-]+: \S/.test(line))
    .join(' ')
    .split(/\s+/)
    .filter((word) => /\w/.test(word));
}
