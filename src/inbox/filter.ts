/** Which patches are wanted: by list, sender, subject and date here; by the files they touch once they are read. */
import { matchesGlob } from 'node:path';
import type { PatchSeries } from '../patch/index.ts';
import { pathOf } from '../patch/index.ts';
import type { Head } from './headers.ts';

export interface Filter {
  /** Patterns with `*`; a series is wanted when one of its files fits one. Empty: all. */
  paths: string[];
  /** Addresses or list ids, whole or their end. Empty: all. */
  lists: string[];
  authors: string[];
  /** Regular expressions, case ignored. */
  subjects: RegExp[];
  /** Milliseconds since 1970; null: no limit. Older series are put together, not reviewed. */
  since: number | null;
  until: number | null;
}

export const EVERYTHING: Filter = {
  paths: [],
  lists: [],
  authors: [],
  subjects: [],
  since: null,
  until: null,
};

/** Why a mail is not wanted; '' when it is. */
export function unwanted(head: Head, arrived: number, filter: Filter): string {
  const { lists, authors, subjects, until } = filter;
  // As of that time: what came later does not replace what was there either.
  if (until !== null && arrived >= until) return 'newer than wanted';
  const addressed = [head.listId, ...[...head.to, ...head.cc].map((each) => each.address)];
  if (lists.length > 0 && !lists.some((list) => addressed.some((each) => isList(each, list))))
    return 'another list';
  if (authors.length > 0 && !authors.some((author) => head.from.address === author.toLowerCase()))
    return 'another author';
  if (subjects.length > 0 && !subjects.some((subject) => subject.test(head.subject)))
    return 'another subject';
  return '';
}

function isList(address: string, list: string): boolean {
  const wanted = list.toLowerCase();
  return address === wanted || address === wanted.replace('@', '.');
}

/** True when the series touches a file that is wanted. */
export function touchesWanted(series: PatchSeries, filter: Filter): boolean {
  if (filter.paths.length === 0) return true;
  const paths = series.patches.flatMap((patch) => patch.files.map(pathOf));
  return paths.some((path) => filter.paths.some((glob) => matchesGlob(path, glob)));
}
