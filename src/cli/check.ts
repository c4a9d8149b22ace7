/** `lockstep check`: reads patches, has them reviewed, prints the review, and says by exit status what came out. */
import type { Confidence, Programs, Review } from '../check/index.ts';
import { type PatchSeries, pathOf, readInputs } from '../patch/index.ts';
import { type Format, render } from '../report/index.ts';
import { openGitSource, openSource, type Source } from '../source/index.ts';
import { runReview } from './engine.ts';
import { EXIT } from './exit.ts';
import { readFiles } from './input.ts';
import { keepPrograms } from './program-cache.ts';
import { wantsColor } from './terminal.ts';
import { VERSION } from './version.ts';

export interface CheckOptions {
  tree?: string;
  git?: string;
  branch?: string[];
  config?: string;
  format: Format;
  failOn: Confidence;
}

export const CONFIDENCES: Confidence[] = ['proven', 'likely', 'note'];

/** Runs the command; throws InputError for what cannot be read. */
export async function check(files: string[], options: CheckOptions): Promise<void> {
  const series = await readInputs(await readFiles(files));
  const { source, note, close } = openFor(series, options);
  if (!series.patches.some((patch) => patch.files.some((file) => isC(pathOf(file))))) {
    reportNoC(series, files, options.format);
    return;
  }
  const { review: raw, programs } = await runReview(series, source, options.config);
  close();
  const review = withInputNotes(note === '' ? raw : { ...raw, notes: [note, ...raw.notes] }, series);
  await keepForReplay(review, programs);
  const text = render(options.format, review, series, {
    color: options.format === 'text' && wantsColor(process.stdout),
    replayArguments: replayArguments(files, options),
  });
  if (text !== '') process.stdout.write(text);
  process.exitCode = fails(review, options.failOn) ? EXIT.findings : EXIT.clean;
}

/** Where the files of the patches are found, and what is to be said about it. */
function openFor(
  series: PatchSeries,
  options: CheckOptions,
): { source: Source; note: string; close(): void } {
  if (options.git !== undefined) {
    const { source, base, close } = openGitSource(options.git, options.branch ?? ['HEAD'], series);
    return { source, note: base.note, close };
  }
  const source = openSource(options.tree === undefined ? { series } : { tree: options.tree, series });
  return { source, note: '', close: () => {} };
}

/** What finds the program again; standard input is gone by then, but the cache has it. */
function replayArguments(files: string[], options: CheckOptions): string[] {
  if (files.includes('-') || options.git !== undefined) return [];
  const tree = options.tree === undefined ? [] : ['--tree', options.tree];
  const config = options.config === undefined ? [] : ['--config', options.config];
  return [...tree, ...config, ...files];
}

async function keepForReplay({ findings }: Review, programs: Programs): Promise<void> {
  if (findings.length === 0) return;
  const { programOf } = await import('../check/index.ts');
  const tokens = findings.flatMap((each) => [each.replay, ...each.consequences.map((more) => more.replay)]);
  keepPrograms(
    programs,
    tokens.map(programOf).filter((name): name is string => name !== null),
  );
}

function isC(path: string): boolean {
  return /\.[ch]$/.test(path);
}

/** True when a finding is at least as sure as `failOn`. */
function fails(review: Review, failOn: Confidence): boolean {
  const least = CONFIDENCES.indexOf(failOn);
  return review.findings.some((finding) => CONFIDENCES.indexOf(finding.confidence) <= least);
}

/** What was left out or mended while reading belongs to the review, once. */
function withInputNotes(review: Review, series: PatchSeries): Review {
  const known = new Set(review.skipped.map(({ file, reason }) => `${file}\n${reason}`));
  const skipped = series.skipped.filter(({ file, reason }) => !known.has(`${file}\n${reason}`));
  const notes = series.repaired.filter((note) => !review.notes.includes(note));
  return { ...review, skipped: [...skipped, ...review.skipped], notes: [...notes, ...review.notes] };
}

function reportNoC(series: PatchSeries, files: string[], format: Format): void {
  const note = 'no C in the patch: nothing to review';
  if (format === 'text') {
    process.stdout.write(`${files.join(' ')}: ${note}\n`);
    return;
  }
  const review: Review = {
    tool: { name: 'lockstep', version: VERSION },
    series: {
      subject: series.subject,
      messageId: series.messageId,
      version: series.version,
      patches: series.patches.length,
    },
    findings: [],
    fixed: [],
    notes: [note],
    skipped: series.skipped,
    stats: {},
  };
  process.stdout.write(render(format, review, series, { color: false, replayArguments: files }));
}
