/**
 * Writes a schedule down: runs the choices again and says in words what each step did.
 *
 * A step's text is the source text of its site when there is one, with the outcome appended where the text does not show it (tryget, trylock,
 * unknown); without a site it is made from the operation and the names of objects. Ends of grace periods and callbacks are
 * steps of lanes of their own. Local operations are left out, except for tests of a context and the operation that violates.
 * Threads without a step are left out, unless the violation is theirs.
 */

import { atomicBecause, nameOf } from './context.ts';
import { LANE_ARG, LANE_ROUTINE, type Machine } from './machine.ts';
import * as O from './opcodes.ts';
import { finish } from './outcome.ts';
import {
  HAZARDS,
  type Hazard,
  type Instr,
  type Place,
  type Schedule,
  type Site,
  type Step,
  type Value,
} from './program.ts';
import { enabled, reset, step } from './step.ts';
import { ReplayError } from './token.ts';

/** Runs `choices` and tells the story; undefined when they end without a violation of `hazard`. */
export function narrate(mc: Machine, choices: readonly number[], hazard: Hazard): Schedule {
  const steps: (Step & { own: number })[] = [];
  let before: Int32Array = mc.m.slice();
  let stepThread = -1;
  reset(mc);
  if (mc.violation >= 0) return assemble(mc, steps, false);
  mc.watch = (t, at, violation) => {
    const source = mc.c.sources[mc.code[at + O.SOURCE]!]!;
    if (!tells(mc.code[at]!, violation >= 0 && t === mc.violator)) return;
    steps.push({
      own: t,
      thread: t,
      site: siteOf(mc, t, at, source.site),
      text: textOf(mc, t, at, source.op, source.site, before),
      effects: effects(mc, before, t),
    });
    before = mc.m.slice();
  };
  try {
    for (const [i, choice] of choices.entries()) {
      stepThread = choice % 64;
      if (stepThread >= mc.threads || !enabled(mc, stepThread)) {
        throw new ReplayError(`the token does not fit the program: step ${i + 1} cannot happen`);
      }
      before = mc.m.slice();
      step(mc, stepThread, Math.floor(choice / 64));
      if (mc.violation >= 0) break;
    }
    let atEnd = false;
    if (mc.violation < 0) {
      for (let t = 0; t < mc.threads; t++)
        if (enabled(mc, t)) throw new ReplayError('the token ends before the violation');
      finish(mc);
      atEnd = true;
    }
    if (mc.violation < 0 || HAZARDS[mc.violation] !== hazard)
      throw new ReplayError(`the schedule does not end in ${hazard}`);
    return assemble(mc, steps, atEnd);
  } finally {
    mc.watch = undefined;
  }
}

function assemble(mc: Machine, steps: (Step & { own: number })[], atEnd: boolean): Schedule {
  const used = [...new Set([...steps.map((s) => s.own), mc.violator])].sort((a, b) => a - b);
  const source = mc.c.sources[mc.where]!;
  const hazard = HAZARDS[mc.violation]!;
  const last = [...steps].reverse().find((s) => s.own === mc.violator);
  const site = source.site.text === '' && source.site.line === 0 ? (last?.site ?? source.site) : source.site;
  const object = mc.about >= 0 ? mc.c.memory.objects[mc.about]!.name : undefined;
  const message =
    mc.claim >= 0 ? mc.c.asserts[mc.claim]!.message : messageFor(mc, hazard, object ?? 'it', atEnd);
  return {
    threads: used.map((t) => ({
      name: mc.c.threads[t]!.name,
      kind: mc.c.threads[t]!.kind === 'switch' ? 'callback' : mc.c.threads[t]!.kind,
      cpu: mc.c.threads[t]!.cpu,
    })),
    steps: steps.map(({ own, ...s }) => ({ ...s, thread: used.indexOf(own) })),
    violation: {
      hazard,
      thread: used.indexOf(mc.violator),
      site,
      message,
      ...(object === undefined ? {} : { object }),
    },
  };
}

/** Whether an operation is worth a step of its own. */
function tells(op: number, violates: boolean): boolean {
  if (violates) return true;
  if (op === O.SLEEP || op === O.CONTEXT || op === O.RCU_ENTER_QUIET || op === O.RCU_EXIT_QUIET) return true;
  return op > O.LAST_LOCAL && op !== O.LANE_DONE && op !== O.WORK_DONE && op !== O.ESCAPE;
}

const GRACE: Site = { file: '', line: 0, function: '', text: '' };

function siteOf(mc: Machine, t: number, at: number, site: Site): Site {
  const op = mc.code[at]!;
  if (op !== O.GRACE_END && op !== O.LANE_BODY && op !== O.PERCPU_SWITCH && op !== O.WORK_START) return site;
  const routine = mc.m[mc.threadBase[t]! + LANE_ROUTINE]!;
  return op === O.LANE_BODY && routine >= 0 ? { ...GRACE, function: mc.c.routines[routine]!.name } : GRACE;
}

function textOf(
  mc: Machine,
  t: number,
  at: number,
  op: Instr | undefined,
  site: Site,
  before: Int32Array,
): string {
  const code = mc.code[at]!;
  const tb = mc.threadBase[t]!;
  if (code === O.GRACE_END) return '<grace period>';
  if (code === O.PERCPU_SWITCH) return `${nameOf(mc, mc.m[tb + 13]!)} switches to atomic`;
  if (code === O.WORK_START) return mc.c.threads[t]!.kind === 'timer' ? '<timer fires>' : '<work runs>';
  if (code === O.LANE_BODY) {
    const routine = mc.m[tb + LANE_ROUTINE]!;
    return routine < 0
      ? `${nameOf(mc, mc.m[tb + LANE_ARG]!)} freed`
      : `${mc.c.routines[routine]!.name}(${nameOf(mc, mc.m[tb + LANE_ARG]!)})`;
  }
  if (code === O.IRQ_ENTER) return `<interrupt> ${mc.c.threads[t]!.name}`;
  if (code === O.IRQ_LEAVE) return '<end of interrupt>';
  if (op === undefined) return '';
  if (code === O.RCU_SYNC && mc.stay) return site.text !== '' ? site.text : 'synchronize';
  if (code === O.RCU_SYNC) return '<grace period>';
  if (code === O.UNLOCK && !mc.stay && before[tb + 3] === 1)
    return `${site.text || words(mc, op, before, t)} is done with the lock`;
  const outcome = outcomeOf(mc, code);
  const base = site.text !== '' ? site.text : words(mc, op, before, t);
  return outcome === '' || base.endsWith(outcome) ? base : base + outcome;
}

/** What the source text does not say: whether an attempt succeeded, which value was read. */
function outcomeOf(mc: Machine, code: number): string {
  switch (code) {
    case O.REF_TRYGET:
    case O.PERCPU_TRYGET:
    case O.TRYLOCK:
    case O.UPGRADE:
      return mc.violation >= 0 ? '' : mc.result === 0 ? ' = false' : ' = true';
    case O.CHOOSE:
    case O.REF_READ:
      return ` = ${mc.result}`;
    default:
      return '';
  }
}

/** An operation in words, for programs without source. */
function words(mc: Machine, op: Instr, before: Int32Array, t: number): string {
  const name = (v: Value) => (typeof v === 'number' ? `${v}` : v.startsWith('@') ? v.slice(1) : v);
  const place = (p: Place) =>
    p.cell === ''
      ? name(p.base)
      : typeof p.base === 'string' && p.base.startsWith('@')
        ? `${name(p.base)}.${p.cell}`
        : `${name(p.base)}->${p.cell}`;
  void before;
  void t;
  switch (op.op) {
    case 'load':
      return `${op.dst} = ${place(op.from)}`;
    case 'store':
      return `${place(op.to)} = ${name(op.value)}`;
    case 'rmw':
      return `${op.fn}(${place(op.at)}, ${name(op.value)})`;
    case 'cmpxchg':
      return `cmpxchg(${place(op.at)}, ${name(op.expect)}, ${name(op.value)}) = ${mc.result}`;
    case 'access':
      return `${op.write ? 'write' : 'read'} ${place(op.at)}`;
    case 'alloc':
      return `${op.dst} = alloc(${op.type})`;
    case 'free':
      return `free(${name(op.object)})`;
    case 'unknown':
      return op.dst;
    case 'copy':
      return `*${name(op.to)} = *${name(op.from)}`;
    case 'context':
      return `${op.what} ${op.change > 0 ? 'off' : 'on'}`;
    case 'rcu.call':
      return `rcu.call(${op.routine || 'free'}, ${name(op.arg)})`;
    case 'wait':
      return `wait(${place(op.until)} == ${name(op.value)})${mc.result ? '' : ' sleeps'}`;
    case 'wake':
      return `wake(${place(op.queue)})`;
    case 'assert':
      return op.message;
    case 'task-work.add':
      return `task-work.add(${name(op.task)}, ${op.routine || 'free'}, ${name(op.arg)}) = ${mc.result}`;
    case 'lock':
    case 'trylock':
    case 'unlock':
      return `${op.op}${op.mode === 'shared' ? '.shared' : ''}(${place(op.at)})`;
    case 'return':
      return op.value === undefined ? 'return' : `return ${name(op.value)}`;
    default:
      return 'at' in op ? `${op.op}(${place(op.at)})` : op.op;
  }
}

/** What changed, as `name = value`: cells of objects, and objects that came or went. */
function effects(mc: Machine, before: Int32Array, t: number): string[] {
  const found: string[] = [];
  for (const [i, o] of mc.c.memory.objects.entries()) {
    for (const cell of o.type.cells) {
      if (cell.tag >= 0 && mc.m[o.address + cell.tag] !== cell.member) continue;
      const word = o.address + cell.offset + (cell.kind === 'percpu-ref' ? 1 : 0);
      if (before[word] === mc.m[word]) continue;
      found.push(
        `${o.name}.${cell.name} = ${cell.kind === 'lock' ? holder(mc, mc.m[word]!) : valueName(mc, mc.m[word]!)}`,
      );
    }
    const life = mc.ghost(i);
    if (before[life] !== mc.m[life]) found.push(`${o.name} = ${mc.m[life] === 1 ? 'allocated' : 'freed'}`);
  }
  void t;
  return found;
}

function holder(mc: Machine, word: number): string {
  if (word === 0) return 'free';
  return word >= 256
    ? `held by ${mc.c.threads[(word >> 8) - 1]?.name}`
    : `${word} ${word === 1 ? 'reader' : 'readers'}`;
}

function valueName(mc: Machine, value: number): string {
  const o = mc.objectOf(value);
  return o >= 0 && mc.base[o] === value ? mc.c.memory.objects[o]!.name : `${value}`;
}

function messageFor(mc: Machine, hazard: Hazard, object: string, atEnd: boolean): string {
  const thread = mc.c.threads[mc.violator]!.name;
  switch (hazard) {
    case 'use-after-free':
      return `${thread} uses ${object} after it was freed`;
    case 'use-after-put':
      return `${thread} uses ${object} after giving up the reference that kept it`;
    case 'double-free':
      return `${thread} frees ${object} a second time`;
    case 'double-put':
      return `${thread} puts a reference to ${object} that nobody holds`;
    case 'get-on-zero':
      return `${thread} takes a reference to ${object} whose count has reached zero`;
    case 'uninit-ref':
      return `${thread} uses the count of ${object}, which was never initialised`;
    case 'ref-leak':
      return atEnd
        ? `${object} is still referenced when nothing leads to it`
        : `${thread} ends with a reference to ${object}`;
    case 'leak':
      return `${object} is never freed and nothing leads to it`;
    case 'missing-unlock':
      return `${thread} ends holding ${object}`;
    case 'double-unlock':
      return `${thread} releases ${object}, which it does not hold`;
    case 'double-lock':
      return `${thread} takes ${object}, which it already holds`;
    case 'missing-lock':
      return `${thread} does not hold the lock of ${object}`;
    case 'lock-order':
      return 'each thread waits for a lock that another one holds';
    case 'deadlock':
      return `${thread} waits for what never comes`;
    case 'lock-lifetime':
      return `the memory of a lock in ${object} is freed while the lock is in use`;
    case 'sleep-in-atomic':
      return `${thread} may sleep ${atomicBecause(mc, mc.violator)}`;
    case 'irq-unsafe-lock':
      return `${thread} interrupts the holder of the lock it waits for`;
    case 'lost-wakeup':
      return `${thread} sleeps although what it waits for has come`;
    case 'overlay':
      return `${thread} reads a field of ${object} that another field of the same union has overwritten`;
    default:
      return `${thread}: ${hazard} of ${object}`;
  }
}
