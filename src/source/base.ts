/**
 * Finds the commit that a series is to be applied to: the one its base-commit trailer names, else the newest of the
 * given branches to which all of it applies, else the one to which most of it does, which is then said.
 */
import { InputError, type PatchSeries, pathOf } from '../patch/index.ts';
import { type GitRepository, openGit } from './git.ts';
import { exportTree } from './git-export.ts';
import { openSource, openSourceOn, type Source } from './source.ts';

export interface Base {
  commit: string;
  /** What a person calls it: the branch, or the commit's short name. */
  name: string;
  /** What is to be said about the choice; '' when it fits. */
  note: string;
}

export interface GitSource {
  source: Source;
  base: Base;
  /** Lets others use the laid out tree. */
  close(): void;
}

/**
 * Opens a series' source in a git repository.
 * @throws InputError when the directory is no repository or no branch is found in it.
 */
export function openGitSource(directory: string, branches: string[], series: PatchSeries): GitSource {
  const git = openGit(directory);
  const base = chooseBase(git, branches, series);
  const paths = series.patches.flatMap((patch) => patch.files.map((file) => file.oldPath || pathOf(file)));
  const tree = exportTree(git, base.commit, paths);
  return { source: openSource({ tree: tree.directory, series }), base, close: tree.release };
}

/** @throws InputError when none of the branches is in the repository. */
export function chooseBase(git: GitRepository, branches: string[], series: PatchSeries): Base {
  const named =
    series.patches.find((patch) => patch.baseCommit !== '')?.baseCommit ?? series.baseCommit ?? '';
  if (named !== '') {
    const commit = git.commit(named);
    if (commit !== null) return { commit, name: commit.slice(0, 12), note: '' };
  }
  const missing = named === '' ? '' : `base commit ${named.slice(0, 12)} is not in the repository; `;
  const candidates = branches
    .map((name) => ({ name, commit: git.commit(name) }))
    .filter((each): each is { name: string; commit: string } => each.commit !== null)
    .map((each) => ({ ...each, date: git.date(each.commit) }))
    .sort((a, b) => b.date - a.date);
  if (candidates.length === 0) throw noBranch(git, branches);
  let best = { ...candidates[0]!, failing: Number.POSITIVE_INFINITY };
  for (const candidate of candidates) {
    const failing = failingFiles(git, candidate.commit, series);
    if (failing < best.failing) best = { ...candidate, failing };
    if (failing === 0) break;
  }
  const files = new Set(series.patches.flatMap((patch) => patch.files.map(pathOf))).size;
  const applied =
    best.failing === 0
      ? missing === ''
        ? ''
        : `${missing}applied to ${best.name}`
      : `${missing}the series does not apply to ${candidates.map((each) => each.name).join(', ')}; ${best.failing} of ${files} files do not fit ${best.name}`;
  return { commit: best.commit, name: best.name, note: applied };
}

function noBranch(git: GitRepository, branches: string[]): InputError {
  return new InputError(git.directory, 0, `no such branch or revision: ${branches.join(', ')}`);
}

/** How many files a series' patches do not apply to, one on top of the other. */
function failingFiles(git: GitRepository, commit: string, series: PatchSeries): number {
  const paths = series.patches.flatMap((patch) =>
    patch.files.flatMap((file) => [file.oldPath, file.newPath]),
  );
  const files = git.files(commit, [...new Set(paths.filter((path) => path !== ''))]);
  const source = openSourceOn({ directory: git.directory, read: (path) => files.get(path) ?? null }, series);
  const failing = new Set<string>();
  for (const patch of series.patches)
    for (const file of patch.files) {
      const { note, path } = source.images(patch, file);
      if (note !== undefined && !file.binary && !file.incomplete) failing.add(path);
    }
  return failing.size;
}
