/**
 * What a path costs when N CPUs run it at once: cache lines moved, atomic read-modify-writes, locks taken and handed over, callbacks.
 *
 * One thread of the program is run on N CPUs, one step of each in turn, several uses each; the first use warms the caches and is not counted.
 * A line is eight words of an object and is modified by one CPU or shared by several (MESI without the exclusive state, which no count
 * here needs): reading what another CPU has modified, and writing what others have, moves it. Counters of a percpu reference
 * are lines of each CPU. Nothing is explored and no property is checked; it measures one fair schedule, in events, not in time.
 */
import { compile } from './compile.ts';
import { LIMITS, Machine, PC, READY } from './machine.ts';
import * as O from './opcodes.ts';
import type { Program, Routine } from './program.ts';
import { enabled, footprint, reset, step } from './step.ts';

export interface Cost {
  cpus: number;
  /** Uses measured, of all CPUs together. */
  uses: number;
  transfers: number;
  /** Atomic read-modify-writes of lines that more than one CPU uses. */
  sharedRmws: number;
  rmws: number;
  locks: number;
  /** Acquisitions after another CPU had the lock. */
  handovers: number;
  callbacks: number;
  /** Wake-ups, whether somebody slept or not. */
  wakes: number;
}

export interface CostOptions {
  /** Uses by each CPU, after the first. */
  uses?: number;
  /** Objects set aside for an allocation in a loop. */
  rounds?: number;
}

const LINE_WORDS = 8;
const SHARED = -1;
/** An object that every use begins by looking at. */
const MARK = '<use>';
const MAX_ROUNDS = 10_000_000;

const RMWS = new Set([
  O.RMW,
  O.CMPXCHG,
  O.REF_GET,
  O.REF_TRYGET,
  O.REF_PUT,
  O.PERCPU_GET,
  O.PERCPU_TRYGET,
  O.PERCPU_PUT,
  O.PERCPU_KILL,
]);
const PERCPU = new Set([O.PERCPU_GET, O.PERCPU_TRYGET, O.PERCPU_PUT]);

/** Runs thread `name` of the program on `cpus` CPUs. */
export function measureCost(program: Program, name: string, cpus: number, options: CostOptions = {}): Cost {
  const uses = options.uses ?? 4;
  const mc = new Machine(
    compile(replicate(program, name, cpus, uses + 1), Math.max(options.rounds ?? 0, uses + 1)),
  );
  mc.want([]);
  mc.lanesCount = false;
  reset(mc);
  const mark = mc.c.memory.addressOf.get(MARK)!;
  const caches = new Caches();
  const counts = { transfers: 0, sharedRmws: 0, rmws: 0, locks: 0, handovers: 0, callbacks: 0, wakes: 0 };
  const owners = new Map<number, number>();
  const warm = new Int32Array(cpus);
  for (let round = 0, busy = true; busy && round < MAX_ROUNDS; round++) {
    busy = false;
    for (let t = 0; t < cpus; t++) {
      if (mc.statusOf(t) !== READY || !enabled(mc, t)) continue;
      busy = true;
      const at = mc.m[mc.threadBase[t]! + PC]!;
      const op = mc.code[at]!;
      footprint(mc, t);
      const percpu = PERCPU.has(op) && mc.m[mc.foot[1]!] === 1;
      const address = mc.foot[1]!;
      const mode = mc.foot[2]!;
      const moved = touch(mc, caches, t, percpu);
      const wasStart = op === O.ACCESS && mc.foot[1] === mark;
      if (wasStart) warm[t]!++;
      if (warm[t]! > 1 && !wasStart) {
        counts.transfers += moved;
        if (RMWS.has(op)) {
          counts.rmws++;
          if (!percpu && caches.isContended(lineOf(mc, address), t)) counts.sharedRmws++;
        }
        if (mode === O.M_LOCK || mode === O.M_LOCK_SHARED) {
          counts.locks++;
          if (owners.has(address) && owners.get(address) !== t) counts.handovers++;
        }
        if (op === O.RCU_CALL || op === O.PERCPU_KILL) counts.callbacks++;
        if (op === O.WAKE) counts.wakes++;
      }
      if (mode === O.M_LOCK || mode === O.M_LOCK_SHARED) owners.set(address, t);
      step(mc, t, 0);
      mc.logged = 0;
      if (mc.limit !== 0) throw new Error(`the cost of ${name} cannot be measured: ${LIMITS[mc.limit]}`);
    }
  }
  return { cpus, uses: uses * cpus, ...counts };
}

/** The program with `cpus` copies of one thread, each of which runs its routine `times` times, after a mark. */
function replicate(program: Program, name: string, cpus: number, times: number): Program {
  const thread = program.threads.find((t) => t.name === name);
  if (!thread) throw new Error(`no thread is called ${name}`);
  const mark = MARK;
  const { params } = program.routines.find((r) => r.name === thread.routine)!;
  const loop: Routine = {
    name: '<uses>',
    params: ['<n>', ...params],
    code: [
      { op: 'label', name: 'again' },
      { op: 'access', at: { base: `@${mark}`, type: mark, cell: 'v' }, write: false },
      { op: 'call', routine: thread.routine, args: params },
      { op: 'calc', dst: '<n>', fn: 'sub', a: '<n>', b: 1 },
      { op: 'branch', cond: '<n>', to: 'again' },
    ],
    sites: [],
  };
  return {
    ...program,
    types: [...program.types, { name: mark, cells: [{ name: 'v', kind: 'int' }] }],
    objects: [...program.objects, { name: mark, type: mark }],
    routines: [...program.routines, loop],
    threads: Array.from({ length: cpus }, (_, i) => ({
      name: `${name} ${i}`,
      routine: loop.name,
      args: [times, ...thread.args],
      cpu: i,
    })),
  };
}

function lineOf(mc: Machine, address: number): number {
  const object = mc.objectOf(address);
  return object < 0 ? -1 : mc.base[object]! + Math.floor((address - mc.base[object]!) / LINE_WORDS);
}

/** Lines that this event moves. */
function touch(mc: Machine, caches: Caches, t: number, percpu: boolean): number {
  let moved = 0;
  for (let k = 0; k < 9; k += 3) {
    const [object, address, mode] = [mc.foot[k]!, mc.foot[k + 1]!, mc.foot[k + 2]!];
    if (object < 0 || object >= mc.base.length || mode === O.M_MOVE || mode === O.M_NONE) continue;
    // The mode of a percpu reference is read; its counter belongs to the CPU.
    const writes =
      !percpu && mode !== O.M_READ && mode !== O.M_TOUCH && mode !== O.M_WHOLE_READ && mode !== O.M_LOCK_SEEN;
    if (caches.access(lineOf(mc, address), t, writes)) moved++;
  }
  return moved;
}

/** Who has which line: one CPU that modified it, or any number that share it. */
class Caches {
  private readonly owner = new Map<number, number>();
  private readonly holders = new Map<number, Set<number>>();
  private readonly users = new Map<number, Set<number>>();

  /** True when the line comes from, or is taken from, another CPU. */
  access(line: number, cpu: number, writes: boolean): boolean {
    const holders = this.holders.get(line) ?? new Set<number>();
    const users = this.users.get(line) ?? new Set<number>();
    this.users.set(line, users.add(cpu));
    const owner = this.owner.get(line) ?? SHARED;
    const others = holders.size - (holders.has(cpu) ? 1 : 0);
    if (writes) {
      this.owner.set(line, cpu);
      this.holders.set(line, new Set([cpu]));
      return others > 0;
    }
    this.holders.set(line, holders.add(cpu));
    if (owner === SHARED || owner === cpu) return false;
    this.owner.set(line, SHARED);
    return true;
  }

  /** Whether another CPU has used the line as well. */
  isContended(line: number, cpu: number): boolean {
    const users = this.users.get(line);
    return users !== undefined && users.size - (users.has(cpu) ? 1 : 0) > 0;
  }
}
