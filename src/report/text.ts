/** The review for a terminal: a head line for each finding, the quoted code, the comment, how to replay it. */
import type { Finding, Review } from '../check/finding.ts';
import { type PatchSeries, pathOf } from '../patch/index.ts';
import type { Schedule } from '../sim/program.ts';
import { comment } from './comment.ts';
import { isInterleaving } from './diagram.ts';
import { anchorOf, diffText, quotedRange } from './quote.ts';
import { listSteps } from './schedule.ts';
import { clean, count } from './wrap.ts';

export interface TextOptions {
  /** Escape sequences for colour; off unless the output is a terminal that wants them. */
  color: boolean;
  /** What `lockstep replay TOKEN` needs after the token, as the user typed it. */
  replayArguments: string[];
}

/** Steps of a single thread that are listed below its comment. */
const MAX_PATH = 8;

/** The whole report; one quiet line when there is nothing to say, and one for each note and each thing left out. */
export function renderText(review: Review, series: PatchSeries, options: TextOptions): string {
  const lines: string[] = [];
  for (const finding of review.findings) lines.push(...findingLines(finding, series, options), '');
  for (const finding of review.fixed)
    lines.push(`fixed: ${finding.file}:${finding.line}: ${finding.class}: ${clean(finding.title)}`);
  for (const note of review.notes) lines.push(`note: ${clean(note)}`);
  for (const { file, reason } of review.skipped)
    lines.push(`skipped: ${file === '' ? '' : `${clean(file)}: `}${clean(reason)}`);
  lines.push(summary(review, series));
  return `${lines.join('\n')}\n`;
}

function findingLines(finding: Finding, series: PatchSeries, options: TextOptions): string[] {
  const bold = paint(options.color, '1');
  const place = bold(clean(`${finding.file}:${finding.line}`));
  const kind = paint(options.color, finding.confidence === 'proven' ? '31' : '33')(finding.class);
  const lines = [`${place}: ${kind}: ${clean(finding.title)}`, ''];
  const anchor = anchorOf(series, finding);
  if (anchor) {
    const { first, last } = quotedRange(anchor);
    for (const line of anchor.hunk.lines.slice(first, last + 1)) {
      const tint = paint(options.color, line.kind === 'add' ? '32' : line.kind === 'delete' ? '31' : '');
      lines.push(`  ${tint(clean(diffText(line)))}`.trimEnd());
    }
    lines.push('');
  }
  for (const line of comment(finding)) lines.push(line === '' ? '' : `  ${line}`);
  for (const said of [finding, ...finding.consequences]) lines.push(...pathLines(said.schedule));
  lines.push('', `  ${paint(options.color, '2')(replayCommand(finding.replay, options))}`);
  for (const each of finding.consequences)
    lines.push(`  ${paint(options.color, '2')(replayCommand(each.replay, options))}`);
  return lines;
}

/** For a single thread: the steps that lead to the end, each with its line. */
function pathLines(schedule: Schedule): string[] {
  if (isInterleaving(schedule) || schedule.steps.length < 2) return [];
  return ['', ...listSteps(schedule, MAX_PATH).map((line) => `    ${line}`)];
}

function replayCommand(token: string, options: TextOptions): string {
  return `replay: lockstep replay ${[token, ...options.replayArguments].join(' ')}`;
}

function summary(review: Review, series: PatchSeries): string {
  const files = new Set(series.patches.flatMap((patch) => patch.files.map(pathOf)));
  const seen = [count(series.patches.length, 'patch'), count(files.size, 'file')];
  if (review.stats.functions !== undefined) seen.push(count(review.stats.functions, 'function'));
  const found = review.findings.length === 0 ? 'nothing to report' : count(review.findings.length, 'finding');
  return `Lockstep: ${found} (${seen.join(', ')})`;
}

function paint(enabled: boolean, code: string): (text: string) => string {
  return enabled && code !== '' ? (text) => `\x1b[${code}m${text}\x1b[0m` : (text) => text;
}
