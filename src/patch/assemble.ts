/**
 * Puts messages together to a series, those of one mailbox or those of several files.
 *
 * Patches that were sent as such come first; patches inside replies and diffs that replies quote are used only
 * when nothing else is there. Of several versions of a series the newest stays, the others are named as
 * skipped. Order is by number within a series, by appearance between them.
 */
import type { Message } from './message.ts';
import type { Patch, PatchSeries } from './series.ts';
import type { Subject } from './subject.ts';

/** Something left out: `what` is wrong at input line `at` (0 when it has no line). */
export interface Skipped {
  file: string;
  what: string;
  at: number;
}

/** What one message held. */
export interface MessagePatches {
  /** What the input is called in messages. */
  name: string;
  message: Message;
  subject: Subject;
  patches: Patch[];
  /** The diff came from quoted lines. */
  quoted: boolean;
  skipped: Skipped[];
  repaired: { at: number; what: string }[];
}

/** Never fails; a series without patches means that no message had one. */
export function assemble(messages: MessagePatches[]): PatchSeries {
  const seen = new Set<string>();
  const unique = messages.filter(({ message: { messageId } }) => {
    const again = messageId !== '' && seen.has(messageId);
    seen.add(messageId);
    return !again;
  });
  const chosen = choose(unique);
  const covers = unique.filter(isCover);
  const superseded = olderVersions([...chosen, ...covers]);
  const current = chosen.filter((each) => !superseded.has(each));
  const cover = covers.find((each) => !superseded.has(each));
  const first = current[0];

  const series: PatchSeries = {
    subject: cover?.subject.title ?? first?.subject.title ?? '',
    messageId: cover?.message.messageId ?? first?.patches[0]?.messageId ?? '',
    version: first?.subject.version ?? cover?.subject.version ?? 1,
    cover: cover ? bodyText(cover.message) : '',
    baseCommit: cover ? baseCommitOf(cover.message) : '',
    patches: numbered(inOrder(current).flatMap((each) => each.patches)),
    skipped: [],
    repaired: [],
  };
  for (const each of current) {
    for (const { file, what, at } of each.skipped)
      series.skipped.push({ file, reason: at > 0 ? `${each.name}:${at}: ${what}` : what });
    for (const { at, what } of each.repaired) series.repaired.push(`${each.name}:${at}: ${what}`);
  }
  for (const each of superseded)
    if (each.patches.length > 0)
      series.skipped.push({ file: '', reason: `"${each.message.subject}" is superseded by a newer version` });
  for (const each of unique)
    if (each.patches.length > 0 && !each.quoted && !chosen.includes(each))
      series.skipped.push({ file: '', reason: `"${each.message.subject}": a patch inside a reply` });
  series.skipped.push(...missing(current));
  return series;
}

function choose(messages: MessagePatches[]): MessagePatches[] {
  const holding = messages.filter((each) => each.patches.length > 0);
  const sent = holding.filter((each) => !each.quoted && !each.subject.reply);
  if (sent.length > 0) return sent;
  const inline = holding.filter((each) => !each.quoted);
  if (inline.length > 0) return inline;
  // The same diff may be quoted by every reply of a thread: the first quotes most of it.
  return holding.slice(0, 1);
}

/** True for a message that introduces a series and has no patch itself. */
export function isCover(each: MessagePatches): boolean {
  return (
    each.patches.length === 0 && each.subject.index === 0 && each.subject.total > 0 && !each.subject.reply
  );
}

/** Messages of a series whose newer version is here too: same sender, a subject in common, a higher version. */
function olderVersions(messages: MessagePatches[]): Set<MessagePatches> {
  const groups = new Map<string, MessagePatches[]>();
  for (const each of messages) {
    const key = `${each.message.from}\n${each.subject.version}\n${each.subject.total}`;
    const group = groups.get(key);
    if (group) group.push(each);
    else groups.set(key, [each]);
  }
  const older = new Set<MessagePatches>();
  const lists = [...groups.values()];
  for (const group of lists) {
    const titles = new Set(group.map((each) => each.subject.title.toLowerCase()));
    const newer = lists.some(
      (other) =>
        other[0]!.message.from === group[0]!.message.from &&
        other[0]!.subject.version > group[0]!.subject.version &&
        other.some((each) => titles.has(each.subject.title.toLowerCase())),
    );
    if (newer) for (const each of group) older.add(each);
  }
  return older;
}

/** Sorts by number inside each series and keeps the order in which the series appeared. */
function inOrder(messages: MessagePatches[]): MessagePatches[] {
  const place = new Map<string, number>();
  const rank = (each: MessagePatches) => {
    const key = each.subject.total > 0 ? `${each.message.from}\n${each.subject.total}` : `one\n${place.size}`;
    if (!place.has(key)) place.set(key, place.size);
    return place.get(key)!;
  };
  return messages
    .map((each) => ({ each, series: rank(each) }))
    .sort((a, b) => a.series - b.series || a.each.subject.index - b.each.subject.index)
    .map(({ each }) => each);
}

/** Numbers as mailed when they tell the patches apart, else by position: a patch has one number in its series. */
function numbered(patches: Patch[]): Patch[] {
  const rising = patches.every((patch, i) => i === 0 || patch.index > patches[i - 1]!.index);
  if (rising) return patches;
  return patches.map((patch, i) => ({ ...patch, index: i + 1, total: patches.length }));
}

/** Numbers that are not there, once at least two patches of a series are. */
function missing(messages: MessagePatches[]): PatchSeries['skipped'] {
  const bySeries = new Map<string, { total: number; present: Set<number> }>();
  for (const { message, subject } of messages) {
    if (subject.total < 2 || subject.index === 0) continue;
    const key = `${message.from}\n${subject.total}`;
    const entry = bySeries.get(key) ?? { total: subject.total, present: new Set() };
    entry.present.add(subject.index);
    bySeries.set(key, entry);
  }
  const result: PatchSeries['skipped'] = [];
  for (const { total, present } of bySeries.values()) {
    if (present.size < 2) continue;
    const gone = Array.from({ length: total }, (_, i) => i + 1).filter((n) => !present.has(n));
    if (gone.length > 0)
      result.push({ file: '', reason: `not in the input: patch ${gone.join(', ')} of ${total}` });
  }
  return result;
}

/** What `git format-patch --base` writes below a cover letter. */
function baseCommitOf(message: Message): string {
  return /^base-commit: +([0-9a-f]{7,64})\b/m.exec(bodyText(message))?.[1] ?? '';
}

function bodyText(message: Message): string {
  return message.bodies
    .filter((body) => body.name === '')
    .flatMap((body) => body.lines.map((line) => line.text))
    .join('\n')
    .trim();
}
