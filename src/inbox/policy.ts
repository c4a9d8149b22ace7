/**
 * Who may get mail, and when: the policy file. Without one, replies are written for the author alone and none is sent.
 *
 * Each list decides about its own copy only; a list that the file does not name gets none. Robots, Lockstep's own
 * addresses and people who asked not to be written to are never among the recipients.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { InputError } from '../patch/index.ts';
import { ROBOTS } from './classify.ts';
import type { Address, Head } from './headers.ts';

const WHO = z.enum(['nobody', 'author', 'author+list']);
const HOURS = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;

const SCHEMA = z.strictObject({
  /** What replies are sent as, `Name <address>`. */
  from: z
    .string()
    .regex(/^[^<>@]*<[^<>@\s]+@[^<>@\s]+>$|^[^<>@\s]+@[^<>@\s]+$/, 'expected Name <address>')
    .optional(),
  /** For mails that were on none of the lists below. */
  default: WHO.default('author'),
  lists: z.record(z.string(), WHO).default({}),
  /** Nothing is sent in these hours, `22:00-07:00`, local time. */
  quiet: z.string().regex(HOURS, 'expected HH:MM-HH:MM').optional(),
  perDay: z.number().int().min(0).default(20),
  /** Addresses that get nothing. */
  never: z.array(z.string()).default([]),
  /** Sentences about changelogs, below the comments. */
  notes: z.boolean().default(true),
  smtp: z
    .strictObject({
      host: z.string().default('localhost'),
      port: z.number().int().min(1).max(65535).default(587),
      /** tls: from the first byte; starttls: required; none: only for a server on this machine. */
      security: z.enum(['tls', 'starttls', 'none']).default('starttls'),
      user: z.string().optional(),
      /** The first line of this file is the password. */
      passwordFile: z.string().optional(),
    })
    .optional(),
});

export type Policy = z.infer<typeof SCHEMA>;

export const DEFAULT_POLICY: Policy = SCHEMA.parse({});

/** @throws InputError that names file and field. */
export function readPolicy(file: string): Policy {
  let value: unknown;
  try {
    value = parse(readFileSync(file, 'utf8')) ?? {};
  } catch (error) {
    throw new InputError(file, 0, (error as Error).message.split('\n')[0]!);
  }
  const result = SCHEMA.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue!.path.join('.');
  throw new InputError(file, 0, field === '' ? issue!.message : `${field}: ${issue!.message}`);
}

export function addressOf(text: string): string {
  return (/<([^<>]+)>/.exec(text)?.[1] ?? text).trim().toLowerCase();
}

export interface Recipients {
  to: Address[];
  cc: Address[];
}

/** Who gets the reply to a mail; `bodyFrom` is the author that its text names, '' when it names none. */
export function recipients(head: Head, bodyFrom: string, policy: Policy): Recipients {
  const addressed = [...head.to, ...head.cc];
  const lists = Object.entries(policy.lists).map(([list, who]) => ({ list: list.toLowerCase(), who }));
  const concerned = lists.filter(
    ({ list }) => addressed.some((each) => each.address === list) || head.listId === list.replace('@', '.'),
  );
  const choices = concerned.length > 0 ? concerned.map((each) => each.who) : [policy.default];
  const never = new Set([
    ...policy.never.map((each) => each.toLowerCase()),
    policy.from ? addressOf(policy.from) : '',
  ]);
  const allowed = (each: Address) =>
    each.address !== '' && !never.has(each.address) && !ROBOTS.test(each.address);
  const authors = choices.some((who) => who !== 'nobody') ? authorsOf(head, bodyFrom).filter(allowed) : [];
  const copies = concerned
    .filter((each) => each.who === 'author+list')
    .map(({ list }): Address => ({ name: '', address: list }))
    .filter((each) => !never.has(each.address));
  // A list alone is never written to: the reply is the author's.
  if (authors.length === 0) return { to: [], cc: [] };
  return { to: authors.slice(0, 1), cc: [...authors.slice(1), ...copies] };
}

/** The sender, and the author when that is another; a relay's address stands for nobody. */
function authorsOf(head: Head, bodyFrom: string): Address[] {
  const named: Address[] =
    bodyFrom === ''
      ? []
      : [{ name: bodyFrom.replace(/\s*<.*$/, '').replace(/^"(.*)"$/, '$1'), address: addressOf(bodyFrom) }];
  const relayed = /^devnull\+/.test(head.from.address);
  const all = relayed ? named : [head.from, ...named];
  return all.filter(
    (each, i) => each.address.includes('@') && all.findIndex((other) => other.address === each.address) === i,
  );
}

/** True when nothing is to be sent at this hour. */
export function isQuiet(policy: Policy, now: Date): boolean {
  const hours = policy.quiet ? HOURS.exec(policy.quiet) : null;
  if (!hours) return false;
  const [from, to] = [Number(hours[1]) * 60 + Number(hours[2]), Number(hours[3]) * 60 + Number(hours[4])];
  const at = now.getHours() * 60 + now.getMinutes();
  return from <= to ? at >= from && at < to : at >= from || at < to;
}
