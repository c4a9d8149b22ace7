/**
 * Puts the mails of a list together to series as they come in, in whatever order.
 *
 * A mail joins a series whose place for it is free and to which it is tied: by the message-id stem of
 * git send-email, by answering a member, by answering what the members answer; without ties by the same sender,
 * version, length and tags within a day. Different versions never merge. Nothing is read from a store here: the
 * book is handed what it should know and says what changed.
 */
import type { Head } from './headers.ts';

export interface Member {
  id: string;
  /** How its source finds the mail again. */
  where: string;
  title: string;
  date: number;
}

export interface SeriesRecord {
  /** Message-id of the mail that came first. */
  key: string;
  author: string;
  authorName: string;
  version: number;
  total: number;
  /** Words of the brackets, numbering and version aside. */
  tags: string;
  cover: Member | null;
  /** By number in the series. */
  members: { [index: number]: Member };
  /** The mails that members answer; what ties later ones to them. */
  parents: string[];
  stems: string[];
  newest: number;
  /** Key of the newer version that replaces this one; '' while it is the newest. */
  supersededBy: string;
  /** Key of the version before; '' when none is known. */
  supersedes: string;
  /** Lists it was seen on. */
  lists: string[];
  /** Key of the review that was queued last; '' when none was. */
  job: string;
}

/**
 * Series that can still grow, and patches by themselves that a next version may replace; older ones are looked up
 * no more. Archives are read one after the other, so the first number spans years of a busy list.
 */
export const OPEN = { series: 16_000, lone: 4000 };
const DAY = 24 * 60 * 60 * 1000;

export class SeriesBook {
  /** In the order they were touched. */
  readonly #open = new Map<string, SeriesRecord>();
  /** Keys of those of one patch, in the same order. */
  readonly #lone = new Set<string>();
  readonly #ties = new Map<string, Set<string>>();
  readonly #authors = new Map<string, Set<string>>();
  readonly #changed = new Set<SeriesRecord>();

  /** Takes up series that were kept before, oldest first. */
  load(records: SeriesRecord[]): void {
    for (const record of records) this.#file(record);
  }

  get size(): number {
    return this.#open.size;
  }

  /** The series that changed since the last call. */
  takeChanged(): SeriesRecord[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  /** Adds a patch or a cover letter, one patch by itself when `alone`; returns its series. */
  add(given: Head, mailId: string, where: string, arrived: number, alone = false): SeriesRecord {
    const head = kept(given);
    const id = own(mailId);
    const { parsed } = head;
    const lone = alone || parsed.total === 0;
    const total = lone ? 1 : parsed.total;
    const index = lone ? 1 : parsed.index;
    const parent = head.references.at(-1) ?? '';
    const stem = stemOf(id);
    const member: Member = { id, where, title: parsed.title, date: arrived };
    const mail = { head, id, total, index, parent, stem, arrived, tags: tagsOf(parsed.tags), lone };
    const series = this.#find(mail) ?? this.#begin(mail);
    if (index === 0) series.cover = member;
    else series.members[index] = member;
    if (parsed.version > series.version) series.version = parsed.version;
    if (parent !== '' && !series.parents.includes(parent)) series.parents.push(parent);
    if (stem !== '' && !series.stems.includes(stem)) series.stems.push(stem);
    if (head.listId !== '' && !series.lists.includes(head.listId)) series.lists.push(head.listId);
    series.newest = Math.max(series.newest, arrived);
    this.#file(series);
    this.#changed.add(series);
    this.#supersede(series);
    return series;
  }

  #begin(mail: Mail): SeriesRecord {
    const { head, id, total, tags } = mail;
    return {
      key: id,
      author: head.from.address,
      authorName: head.from.name,
      version: head.parsed.version,
      total,
      tags,
      cover: null,
      members: {},
      parents: [],
      stems: [],
      newest: 0,
      supersededBy: '',
      supersedes: '',
      lists: [],
      job: '',
    };
  }

  /** The series that the mail belongs to; null when it begins one. */
  #find(mail: Mail): SeriesRecord | null {
    if (mail.lone) return null;
    let best: SeriesRecord | null = null;
    let most = 0;
    const candidates = new Set<string>();
    for (const tie of [mail.id, mail.parent, ...mail.head.references, mail.stem])
      if (tie !== '') for (const key of this.#ties.get(tie) ?? []) candidates.add(key);
    for (const key of this.#authors.get(mail.head.from.address) ?? []) candidates.add(key);
    for (const key of candidates) {
      const series = this.#open.get(key)!;
      const strength = this.#strength(mail, series);
      if (strength >= most && strength > 0) {
        most = strength;
        best = series;
      }
    }
    return best;
  }

  /** How surely a mail belongs to a series: 0 not at all. */
  #strength(mail: Mail, series: SeriesRecord): number {
    const { head, index, total, stem, parent } = mail;
    if (index === 0 ? series.cover !== null : series.members[index] !== undefined) return 0;
    const sameLength = series.total === total && series.total > 0;
    const extra = index > total && Object.keys(series.members).length > 0;
    if (!sameLength && !extra && index !== 0) return 0;
    const explicit = head.parsed.version !== 1 && series.version !== 1;
    const sameVersion = series.version === head.parsed.version;
    if (explicit && !sameVersion) return 0;
    const stemmed = stem !== '' && series.stems.includes(stem);
    if (stemmed && (sameLength || index === 0)) return sameVersion ? 6 : 5;
    if (!sameVersion || !sameLength) return extra && sameVersion && has(series, parent) ? 2 : 0;
    if (resent(series.tags) !== resent(mail.tags)) return 0;
    const sameAuthor = series.author === head.from.address;
    if (has(series, parent) || series.parents.includes(mail.id)) return sameAuthor ? 4 : 3;
    if (parent !== '' && series.parents.includes(parent) && (sameAuthor || index !== 0))
      return sameAuthor ? 4 : 2;
    if (!sameAuthor) return 0;
    if (head.references.some((id) => has(series, id))) return 3;
    const near = Math.abs(mail.arrived - series.newest) <= DAY;
    return near && series.tags === mail.tags ? 1 : 0;
  }

  #file(series: SeriesRecord): void {
    this.#open.delete(series.key);
    this.#open.set(series.key, series);
    const ids = Object.values(series.members).map((member) => member.id);
    for (const tie of [...ids, series.cover?.id ?? '', ...series.parents, ...series.stems])
      if (tie !== '') put(this.#ties, tie, series.key);
    put(this.#authors, series.author, series.key);
    this.#lone.delete(series.key);
    if (series.total === 1 && !series.cover) this.#lone.add(series.key);
    if (this.#lone.size > OPEN.lone) this.#forget(this.#open.get(this.#lone.values().next().value!)!);
    if (this.#open.size - this.#lone.size > OPEN.series) this.#forget(this.#oldestSeries());
  }

  #oldestSeries(): SeriesRecord {
    for (const series of this.#open.values()) if (!this.#lone.has(series.key)) return series;
    throw new Error('no series is open');
  }

  #forget(series: SeriesRecord): void {
    this.#open.delete(series.key);
    this.#lone.delete(series.key);
    const ids = Object.values(series.members).map((member) => member.id);
    for (const tie of [...ids, series.cover?.id ?? '', ...series.parents, ...series.stems])
      take(this.#ties, tie, series.key);
    take(this.#authors, series.author, series.key);
  }

  /** Ties a series to the version before it, and marks that one as replaced. */
  #supersede(series: SeriesRecord): void {
    for (const key of this.#authors.get(series.author) ?? []) {
      const other = this.#open.get(key)!;
      if (other === series || !sameWork(series, other)) continue;
      const [older, newer] = isNewer(series, other) ? [other, series] : [series, other];
      if (!isNewer(newer, older)) continue;
      const known = this.#open.get(older.supersededBy);
      if (!known || isNewer(known, newer)) {
        older.supersededBy = newer.key;
        this.#changed.add(older);
      }
      const before = this.#open.get(newer.supersedes);
      if (!before || isNewer(older, before)) {
        newer.supersedes = older.key;
        this.#changed.add(newer);
      }
    }
  }
}

interface Mail {
  head: Head;
  id: string;
  total: number;
  index: number;
  parent: string;
  stem: string;
  arrived: number;
  tags: string;
  lone: boolean;
}

/**
 * A string by itself. What is cut out of a mail's headers holds on to all of them, and the book keeps what it gets
 * for years of mail.
 */
function own(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

/** A head whose strings that the book keeps are their own. */
function kept(head: Head): Head {
  return {
    ...head,
    references: head.references.map(own),
    parsed: { ...head.parsed, title: own(head.parsed.title), tags: head.parsed.tags.map(own) },
    from: { name: own(head.from.name), address: own(head.from.address) },
    listId: own(head.listId),
  };
}

/** True when every number from 1 to the length is there. */
export function isComplete(series: SeriesRecord): boolean {
  for (let i = 1; i <= series.total; i++) if (!series.members[i]) return false;
  return true;
}

/** Numbers that are not there. */
export function missingOf(series: SeriesRecord): number[] {
  return Array.from({ length: series.total }, (_, i) => i + 1).filter((n) => !series.members[n]);
}

/** What the series is called: its cover letter's title, or the first patch's. */
export function titleOf(series: SeriesRecord): string {
  return series.cover?.title ?? Object.values(series.members)[0]?.title ?? '';
}

/** A higher version, the same sent again, or what came of an RFC: its numbers begin anew. */
function isNewer(a: SeriesRecord, b: SeriesRecord): boolean {
  if (isRfc(a.tags) !== isRfc(b.tags)) return a.newest > b.newest;
  if (a.version !== b.version) return a.version > b.version;
  return resent(a.tags) && !resent(b.tags);
}

function sameWork(a: SeriesRecord, b: SeriesRecord): boolean {
  if (a.version === b.version && resent(a.tags) === resent(b.tags) && isRfc(a.tags) === isRfc(b.tags))
    return false;
  const titles = new Set(titlesOf(a));
  return titlesOf(b).some((title) => titles.has(title));
}

function isRfc(tags: string): boolean {
  return /\brfc\b/.test(tags);
}

function titlesOf(series: SeriesRecord): string[] {
  const all = [series.cover?.title ?? '', ...Object.values(series.members).map((member) => member.title)];
  return all.map((title) => title.toLowerCase()).filter((title) => title.length > 8);
}

function has(series: SeriesRecord, id: string): boolean {
  if (id === '') return false;
  return series.cover?.id === id || Object.values(series.members).some((member) => member.id === id);
}

function resent(tags: string): boolean {
  return /\bresend\b|\brepost\b/.test(tags);
}

/** Tags in lower case without the word PATCH, in one order. */
function tagsOf(tags: string[]): string {
  return tags
    .map((tag) => tag.toLowerCase())
    .filter((tag) => !/^(?:patch|[-=:/]*)$/.test(tag))
    .sort()
    .join(' ');
}

/** What message-ids of one `git send-email` (or b4) run have in common; '' when it cannot be told. */
export function stemOf(id: string): string {
  const git = /^(\d{14}\.\d+)-\d+-(.+)$/.exec(id);
  if (git) return `${git[1]}-${git[2]}`;
  const cover = /^(cover|[0-9a-f]{40})\.(\d{10}\.git\..+)$/.exec(id);
  if (cover) return cover[2]!;
  const b4 = /^(\d{8}-.*-v\d+)-\d+-([0-9a-f]+@.+)$/.exec(id);
  return b4 ? `${b4[1]}-${b4[2]}` : '';
}

function put(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  if (set) set.add(value);
  else map.set(key, new Set([value]));
}

function take(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  set?.delete(value);
  if (set?.size === 0) map.delete(key);
}
