/**
 * Tokens: a schedule as a short text, for a mail or the command line.
 *
 * `L1.` fingerprint of the program `.` hazard `.` steps `.` checksum. The fingerprint covers everything but sites and names of the program, so moving code
 * does not spoil a token. Steps are runs: a letter for the thread (`0`-`9`, `a`-`z`, `A`-`Z`), then how many steps it takes in
 * base 10 when more than one; an alternative of an unknown other than the first is `-` and its number, after the thread. The
 * version is the first character group: a reader of another version refuses the token.
 */
import { createHash } from 'node:crypto';
import { HAZARDS, type Hazard, type Program } from './program.ts';

const VERSION = 'L1';
const THREADS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** A token that cannot be replayed; the message says why in one line. */
export class ReplayError extends Error {}

/** 12 hexadecimal digits for everything that decides how a program runs. */
export function programFingerprint(program: Program): string {
  const { types, objects, routines, setup, threads } = program;
  const bare = routines.map((r) => ({
    name: r.name,
    params: r.params,
    code: r.code.map(({ site: _, ...op }) => sorted(op)),
  }));
  const text = JSON.stringify([
    types.map(sorted),
    objects.map(sorted),
    bare,
    setup ?? null,
    threads.map(sorted),
  ]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** The same object with its keys in one order, undefined ones left out. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)]));
}

/** The token of a schedule, given as `Verdict.choices`. */
export function tokenOf(program: Program, choices: readonly number[], hazard: Hazard): string {
  const body = `${VERSION}.${programFingerprint(program)}.${HAZARDS.indexOf(hazard).toString(36)}.${encode(choices)}`;
  return `${body}.${checksum(body)}`;
}

export interface Token {
  fingerprint: string;
  hazard: Hazard;
  choices: number[];
}

export function parseToken(token: string): Token {
  const parts = token.trim().split('.');
  const [version, fingerprint, hazard, steps, check] = parts;
  if (version === undefined || !/^L\d+$/.test(version)) throw new ReplayError('this is not a token');
  if (version !== VERSION)
    throw new ReplayError(`the token is of version ${version.slice(1)}, this is version ${VERSION.slice(1)}`);
  if (parts.length !== 5 || check !== checksum(parts.slice(0, 4).join('.'))) {
    throw new ReplayError('the token is damaged: its checksum does not fit');
  }
  const name = HAZARDS[Number.parseInt(hazard!, 36)];
  if (name === undefined) throw new ReplayError('the token names a hazard that is not known here');
  return { fingerprint: fingerprint!, hazard: name, choices: decode(steps!) };
}

function encode(choices: readonly number[]): string {
  let text = '';
  for (let i = 0; i < choices.length; ) {
    let n = 1;
    while (choices[i + n] === choices[i] && choices[i]! < 64) n++;
    const alternative = Math.floor(choices[i]! / 64);
    text += THREADS[choices[i]! % 64]! + (alternative > 0 ? `-${alternative}_` : n > 1 ? n : '');
    i += n;
    // A number follows a letter, so a digit that names a thread after a digit needs a mark.
    if (i < choices.length && /\d$/.test(text) && choices[i]! % 64 < 10) text += '_';
  }
  return text;
}

function decode(text: string): number[] {
  const choices: number[] = [];
  const unit = /([0-9a-zA-Z])(?:-(\d+)_|(\d*))_?/y;
  while (unit.lastIndex < text.length) {
    const match = unit.exec(text);
    if (!match) throw new ReplayError('the token is damaged: its steps cannot be read');
    const thread = THREADS.indexOf(match[1]!);
    if (match[2] !== undefined) choices.push(thread + 64 * Number(match[2]));
    else for (let n = match[3] === '' ? 1 : Number(match[3]); n > 0; n--) choices.push(thread);
  }
  return choices;
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 4);
}
