/**
 * What a mail is to a reviewer: part of a series, a patch inside a discussion, talk, a robot's, or nothing to
 * read. Every mail gets exactly one answer. Who sent it decides first: robots and Lockstep itself are not
 * reviewed, so that nothing here ever talks to a machine.
 */
import { type Head, readHead } from './headers.ts';

export type Disposition =
  /** A patch sent as one, alone or numbered. */
  | 'patch'
  /** The introduction of a series. */
  | 'cover'
  /** A patch that a reply carries, with its own changelog. */
  | 'inline'
  | 'reply'
  | 'other'
  | 'robot'
  /** Not wanted by the filters. */
  | 'filtered'
  /** Removed from the archive. */
  | 'deleted'
  | 'refused';

export interface Sorted {
  disposition: Disposition;
  /** Why, for those that are not read further; '' otherwise. */
  reason: string;
  head: Head | null;
}

/** Senders that are programs; the part before or after the @ is enough. */
export const ROBOTS =
  /^(?:lkp|kbuild-all|syzbot(?:\+[^@]*)?|tip-bot2?|noreply|no-reply|mailer-daemon|postmaster|patchwork(?:-bot)?(?:\+[^@]*)?|pr-tracker-bot|kernelci(?:-[^@]*)?|bot|buildbot|cron|sashiko(?:-bot)?|ci_notify|regressions-bot|bugzilla-daemon|autobuild|wp(?:bot)?)@|@(?:syzkaller\.appspotmail\.com|bugzilla\.kernel\.org)$|^[^@]*(?:-bot|_bot|\+bot)@/;

/** Larger mails are no patches that a person reads. */
const MAX_MAIL = 20 * 1024 * 1024;

/** Sorts one mail; `own` are addresses of Lockstep itself. */
export function sortMail(mail: Buffer, own: ReadonlySet<string> = new Set()): Sorted {
  if (mail.length > MAX_MAIL) return refuse('more than 20 MB');
  const head = readHead(mail);
  if ('refused' in head) return refuse(head.refused);
  const robot = robotReason(head, own);
  if (robot !== '') return { disposition: 'robot', reason: robot, head };
  return { disposition: kindOf(mail, head), reason: '', head };
}

function refuse(reason: string): Sorted {
  return { disposition: 'refused', reason, head: null };
}

/** Why a mail counts as a robot's; '' for a person's. */
export function robotReason(head: Head, own: ReadonlySet<string>): string {
  if (head.get('x-lockstep') !== '' || own.has(head.from.address)) return 'sent by Lockstep';
  if (ROBOTS.test(head.from.address)) return `sent by ${head.from.address}`;
  const automatic = head.get('auto-submitted').toLowerCase();
  if (automatic !== '' && !automatic.startsWith('no')) return `Auto-Submitted: ${automatic.slice(0, 40)}`;
  if (head.get('x-autoreply') !== '' || /^auto_reply/i.test(head.get('precedence')))
    return 'an automatic reply';
  if (/^\[tip: /.test(head.subject)) return 'a notice of the tip tree';
  return '';
}

function kindOf(mail: Buffer, head: Head): Disposition {
  const { reply, tags, index, total } = head.parsed;
  const tagged = total > 0 || tags.some((tag) => /^(?:patch|rfc|resend)/i.test(tag));
  const numbered = total > 0 && tags.some((tag) => /patch|rfc|resend|^v\d/i.test(tag));
  if (reply) return isOwnPatch(mail, head) ? 'inline' : 'reply';
  if (tags.some((tag) => /^git$/i.test(tag)) || tags.some((tag) => /^pull$/i.test(tag))) return 'other';
  if (numbered && index === 0) return 'cover';
  if (hasDiff(mail, head)) return 'patch';
  // An answer may come without `Re:`.
  if (head.references.length > 0 && !tagged) return 'reply';
  return tagged && index === 0 && total > 0 ? 'cover' : 'other';
}

/** A diff that is not quoted, in the text or in what is encoded. */
function hasDiff(mail: Buffer, head: Head): boolean {
  if (mail.indexOf('\n@@ -', head.bodyAt, 'latin1') >= 0) return true;
  if (mail.indexOf('\ndiff --git ', head.bodyAt, 'latin1') >= 0) return true;
  if (mail.subarray(head.bodyAt, head.bodyAt + 11).toString('latin1') === 'diff --git ') return true;
  return encodedParts(mail, head).some((text) => /^(?:@@ -\d|diff --git )/m.test(text));
}

/** Text of the mail's base64 parts. */
function encodedParts(mail: Buffer, head: Head): string[] {
  if (/base64/i.test(head.get('content-transfer-encoding')))
    return [Buffer.from(mail.toString('latin1', head.bodyAt), 'base64').toString('latin1')];
  if (!/multipart/i.test(head.get('content-type'))) return [];
  const body = mail.toString('latin1', head.bodyAt);
  if (!/^content-transfer-encoding:\s*base64/im.test(body)) return [];
  const parts: string[] = [];
  for (const part of body.split(/^--/m)) {
    const blank = /\r?\n\r?\n/.exec(part);
    if (blank && /^content-transfer-encoding:\s*base64/im.test(part.slice(0, blank.index)))
      parts.push(Buffer.from(part.slice(blank.index), 'base64').toString('latin1'));
  }
  return parts;
}

/** A reply with a patch that its writer means to be taken: below a scissors line, or with his sign-off above the diff. */
function isOwnPatch(mail: Buffer, head: Head): boolean {
  const diff = mail.indexOf('\ndiff --git ', head.bodyAt, 'latin1');
  if (diff < 0) return false;
  const above = mail.toString('latin1', head.bodyAt, diff);
  return /^(?:-+ *(?:>8|8<) *-+.*|Signed-off-by: .*@.*|From: .*@.*)$/m.test(above);
}
