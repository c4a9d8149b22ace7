/**
 * The text of one comment: what goes wrong, the schedule that shows it, the fix, and what it assumes.
 *
 * The words come with the finding; this file only puts them in order and wraps them.
 */
import type { Finding } from '../check/finding.ts';
import { diagram } from './diagram.ts';
import { clean, wrap } from './wrap.ts';

/** Fixes with more lines than this are left to `--format json`. */
const MAX_FIX_LINES = 12;

/** The lines of the comment, at most 72 wide. */
export function comment(finding: Finding): string[] {
  const lines = part(finding);
  for (const consequence of finding.consequences) lines.push('', ...part(consequence));
  lines.push(...fixLines(finding));
  if (finding.assumptions.length > 0) lines.push('', ...wrap(clean(assumed(finding.assumptions))));
  return lines;
}

function part(said: Pick<Finding, 'message' | 'schedule'>): string[] {
  const lines = wrap(clean(said.message));
  const drawn = diagram(said.schedule);
  if (drawn.length > 0) lines.push('', ...drawn.map((line) => `  ${line}`.trimEnd()));
  return lines;
}

/** One sentence: `Unless callers hold …`, or `This assumes that …`. */
function assumed(assumptions: string[]): string {
  const parts = assumptions.map((each) => each.trim().replace(/\.$/, ''));
  if (parts.every((each) => /^unless\b/i.test(each)))
    return `${parts.map((each, i) => (i === 0 ? capital(each) : each)).join(', or ')}.`;
  return `This assumes that ${parts.map((each) => each.replace(/^that /, '')).join(', and that ')}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A verified fix, as the changed lines with little around them. */
function fixLines(finding: Finding): string[] {
  if (!finding.fix?.verified) return [];
  const body = finding.fix.diff
    .split('\n')
    .filter((line) => /^[-+ ]/.test(line) && !/^(?:---|\+\+\+) /.test(line));
  if (body.length === 0 || body.length > MAX_FIX_LINES) return [];
  return ['', 'This would do:', '', ...body.map((line) => `  ${clean(line)}`)];
}
