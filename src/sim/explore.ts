/**
 * The front of the concurrent core: explores a program and gives a verdict, replays a token.
 *
 * `explore` stops at the first violation; `exploreAll` goes on and keeps one violation of each hazard. The schedule of a violation is then
 * made as short as it can be. Both end in `not-exhausted` when a budget is used up, the signal aborts, or an execution could not be
 * followed (a pool of objects or callbacks was used up). `count` only counts executions.
 */
import { exploreBounded } from './bounded.ts';
import { compile } from './compile.ts';
import { type Counts, Dpor, type Exploration, STOPPED, type Visitor } from './dpor.ts';
import { Machine } from './machine.ts';
import { HAZARDS, type Hazard, type Program, type Schedule, type Verdict } from './program.ts';
import { narrate } from './schedule.ts';
import { shortest } from './search.ts';
import { reset } from './step.ts';
import { parseToken, programFingerprint, ReplayError, tokenOf } from './token.ts';
import { HAZARD_BIT } from './words.ts';

export interface Options {
  /** At most this many preemptions (leaving a thread that could go on). */
  bound?: number;
  maxSteps?: number;
  maxMillis?: number;
  /** Memory that the exploration may take; by default far less than what would end the process. */
  maxMegabytes?: number;
  /** Only these properties; by default all but those of `ON_REQUEST`. */
  hazards?: Hazard[];
  signal?: AbortSignal;
  /** Rounds of a loop for which objects and callbacks are set aside. */
  rounds?: number;
}

export type Violates = Extract<Verdict, { kind: 'violates' }> & { token: string };
export type Result = Exclude<Verdict, { kind: 'violates' }> | Violates;

export interface AllVerdicts {
  /** One per hazard, in the order of HAZARDS. */
  verdicts: Violates[];
  executions: number;
  exhausted: boolean;
  /** Why it is not exhausted, else ''. */
  reason: string;
  /** The bound cut something off. */
  bounded: boolean;
}

const MAX_STEPS = 5_000_000;
const MAX_MEGABYTES = 512;
const MAX_LENGTH = 4_000;
const SEARCH_STEPS = 400_000;

export function explore(program: Program, options: Options = {}): Result {
  const all = run(program, options, true);
  const [first] = all.verdicts;
  if (first) return first;
  if (!all.exhausted) return { kind: 'not-exhausted', executions: all.executions, reason: all.reason };
  return { kind: 'safe', executions: all.executions, bounded: all.bounded };
}

/** Goes on after a violation: one minimal schedule for each hazard that is reachable. */
export function exploreAll(program: Program, options: Options = {}): AllVerdicts {
  return run(program, options, false);
}

/** Numbers of executions, for tests and benchmarks. */
export function count(
  program: Program,
  options: Options = {},
): Counts & { reason: string; bounded: boolean } {
  const { counts, reason, bounded } = walk(prepare(program, options), options, () => false);
  return { ...counts, reason, bounded };
}

/** Runs the schedule of a token again. */
export function replay(program: Program, token: string): Schedule {
  const { fingerprint, hazard, choices } = parseToken(token);
  if (fingerprint !== programFingerprint(program)) {
    throw new ReplayError('the program has changed since the token was made');
  }
  return narrate(prepareToTell(program, { hazards: [hazard] }), choices, hazard);
}

/** A machine at the start of the program. */
export function prepare(program: Program, options: Options = {}): Machine {
  const mc = new Machine(compile(program, options.rounds));
  mc.want(options.hazards);
  reset(mc);
  return mc;
}

function walk(
  mc: Machine,
  options: Options,
  violation: Visitor['violation'],
): Exploration & { bounded: boolean } {
  const { maxMillis, maxSteps = MAX_STEPS, maxMegabytes = MAX_MEGABYTES, bound, signal } = options;
  const deadline = maxMillis === undefined ? Number.POSITIVE_INFINITY : Date.now() + maxMillis;
  const visitor: Visitor = {
    violation,
    check({ steps }, bytes) {
      if (steps > maxSteps) return `the budget of ${maxSteps} steps is used up`;
      if (Date.now() > deadline) return `the budget of ${maxMillis} ms is used up`;
      if (bytes > maxMegabytes * 2 ** 20) return `the budget of ${maxMegabytes} MB of memory is used up`;
      return signal?.aborted ? 'it was cancelled' : '';
    },
  };
  if (bound !== undefined) return exploreBounded(mc, bound, visitor);
  return { ...new Dpor(mc, visitor).run(), bounded: false };
}

function run(program: Program, options: Options, once: boolean): AllVerdicts {
  const mc = prepare(program, options);
  const found = new Map<number, number[]>();
  if (mc.violation >= 0) found.set(mc.violation, []);
  const { counts, reason, bounded } = walk(mc, options, (path) => {
    if (!found.has(mc.violation)) found.set(mc.violation, path());
    return once;
  });
  const executions = counts.complete + counts.blocked;
  const verdicts = [...found.keys()]
    .sort((a, b) => a - b)
    .map((bit) => violates(program, HAZARDS[bit]!, found.get(bit)!, executions, options));
  const why = reason === STOPPED ? '' : reason;
  return { verdicts, executions, exhausted: why === '', reason: why, bounded };
}

/** A machine for telling schedules: data races are seen at the first of the two accesses. */
function prepareToTell(program: Program, options: Options): Machine {
  const mc = prepare(program, options);
  mc.seeRaces = (mc.detected & (1 << HAZARD_BIT['data-race'])) !== 0;
  return mc;
}

function violates(
  program: Program,
  hazard: Hazard,
  path: number[],
  executions: number,
  options: Options,
): Violates {
  const choices =
    shortest(prepareToTell(program, options), HAZARDS.indexOf(hazard), SEARCH_STEPS, MAX_LENGTH)?.choices ??
    path;
  const schedule = narrate(prepareToTell(program, { hazards: [hazard] }), choices, hazard);
  return { kind: 'violates', executions, schedule, choices, token: tokenOf(program, choices, hazard) };
}
