/**
 * Replay: from a token back to the schedule that it stands for.
 *
 * A token of the core stands for a schedule of a program, a token `p1.…` for a path of one function. Both name
 * their program by a fingerprint. The programs themselves come from whoever replays: from a review of the same
 * patch, or from where the command line keeps those of earlier reviews.
 */
import { exploreSequential, type PathStep, programFingerprint, ReplayError, replay } from '../sim/index.ts';
import { HAZARDS, type Program, type Routine, type Schedule } from '../sim/program.ts';
import { fingerprint } from './fingerprint.ts';
import { pathSchedule } from './path-schedule.ts';
import type { PathProblem } from './paths.ts';

/** The programs of a review, by the fingerprint that tokens name. */
export type Programs = Map<string, { program: Program } | { routine: Routine }>;

const PATH_TOKEN = /^p1\.([0-9a-f]{12})\.(\d+)\.(\d+)\.([0-9a-f]{12})\.([\w-]*)$/;

function routineFingerprint(routine: Routine): string {
  return fingerprint(JSON.stringify({ ...routine, sites: [] }));
}

function pathHash(path: PathStep[]): string {
  return fingerprint(path.map((s) => `${s.pc}${s.note}`).join(' '));
}

function encoded(object: string): string {
  return Buffer.from(object.slice(0, 60)).toString('base64url');
}

/** `p1.` fingerprint of the routine `.` class `.` instruction `.` fingerprint of the path `.` object: under 130 characters. */
export function pathToken(routine: Routine, problem: PathProblem): string {
  return `p1.${routineFingerprint(routine)}.${HAZARDS.indexOf(problem.hazard)}.${problem.at}.${pathHash(problem.path)}.${encoded(problem.object)}`;
}

export function rememberRoutine(programs: Programs, routine: Routine): void {
  programs.set(routineFingerprint(routine), { routine });
}

export function rememberProgram(programs: Programs, program: Program): void {
  programs.set(programFingerprint(program), { program });
}

/** The fingerprint of the program that a token is about; null when the token cannot be read. */
export function programOf(token: string): string | null {
  return PATH_TOKEN.exec(token)?.[1] ?? /^L?\w+\.([0-9a-f]+)\./.exec(token)?.[1] ?? null;
}

/**
 * Runs the program again along the token's choices.
 * @throws ReplayError in one clear line when the token is damaged or the program is not the one it was made for.
 */
export function replayToken(token: string, stored: { program: Program } | { routine: Routine }): Schedule {
  const path = PATH_TOKEN.exec(token);
  if (path === null) {
    if ('routine' in stored) throw new ReplayError('the token is for several threads, the program has one');
    return replay(stored.program, token);
  }
  if ('program' in stored)
    throw new ReplayError('the token is for one function, the program has several threads');
  const { routine } = stored;
  if (routineFingerprint(routine) !== path[1])
    throw new ReplayError('the function has changed since the token was made');
  const result = exploreSequential(routine);
  const found = [...result.incidents, ...result.outcomes].find((end) => pathHash(end.path) === path[4]);
  const hazard = HAZARDS[Number(path[2])];
  if (found === undefined || hazard === undefined) throw new ReplayError('the function has no such path');
  return pathSchedule(routine, {
    hazard,
    object: Buffer.from(path[5]!, 'base64url').toString(),
    what: '',
    path: found.path,
    origin: -1,
    at: Number(path[3]),
    assumes: [],
    remedy: '',
  });
}
