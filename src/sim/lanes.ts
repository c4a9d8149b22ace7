/**
 * Which lanes each thread can start and how many objects it can allocate, from the routines that it can reach.
 *
 * A walk over the calls of each thread counts its spawning and allocating instructions; one inside a loop counts several times. Lanes
 * are threads themselves and are walked in turn, three deep. What does not fit in the numbers is noticed while running, and ends
 * in "not exhausted".
 */
import type { Compiled, LaneKind } from './compile.ts';
import { reserve, typeNamed } from './layout.ts';
import type { Instr, Routine } from './program.ts';
import { HEADER, type Prologues, type Unit } from './translate.ts';

const MAX_POOL = 16;
const MAX_THREADS = 62;

/** Which lanes and how many objects each thread can need, from the routines that it can reach. */
export function sizeThreads(compiled: Compiled, unit: Unit, prologues: Prologues): void {
  const { program, memory, threads } = compiled;
  const routineOf = new Map(program.routines.map((r) => [r.name, r]));
  const releases = program.routines.flatMap((r) =>
    r.code.flatMap((op) => (op.op === 'percpu.init' && op.release !== '' ? [op.release] : [])),
  );
  const tasks = program.routines.flatMap((r) =>
    r.code.flatMap((op) => (op.op === 'task-work.add' && op.routine !== '' ? [op.routine] : [])),
  );
  // Spawns and allocations are numbered in the order of translation.
  const spawnOf = new Map<Instr, number>();
  const allocOf = new Map<Instr, number>();
  for (const r of program.routines)
    for (const op of r.code) {
      if (SPAWNING.has(op.op)) spawnOf.set(op, spawnOf.size);
      if (op.op === 'alloc') allocOf.set(op, allocOf.size);
    }
  const laneBase: number[] = [];
  const laneCount: number[] = [];
  const poolBase: number[] = [];
  const poolCount: number[] = [];
  const pending: { roots: string[]; depth: number }[] = program.threads.map((t) => ({
    roots: [t.routine],
    depth: 0,
  }));
  const counters = new Map<string, number>();
  const size = (t: number, roots: string[], depth: number, last: boolean) => {
    const lanes = new Array<number>(compiled.spawns).fill(0);
    const pool = new Array<number>(compiled.allocs).fill(0);
    const spawned = new Array<{ op: Instr }>(compiled.spawns);
    const visit = (name: string, times: number, nesting: number) => {
      const routine = routineOf.get(name);
      if (!routine || nesting > 8) return;
      const loops = inLoop(routine);
      routine.code.forEach((op, i) => {
        const n = Math.min(times * (loops[i] ? compiled.loops : 1), Math.max(MAX_POOL, compiled.loops));
        const s = spawnOf.get(op);
        if (s !== undefined) {
          lanes[s] = Math.min(lanes[s]! + n, 4);
          spawned[s] = { op };
        }
        const a = allocOf.get(op);
        if (a !== undefined) pool[a] = Math.min(pool[a]! + n, Math.max(MAX_POOL, compiled.loops));
        if (op.op === 'call') visit(op.routine, n, nesting + 1);
        if (op.op === 'percpu.put') for (const r of new Set(releases)) visit(r, 1, nesting + 1);
        if (op.op === 'task-work.run') for (const r of tasks) visit(r, 1, nesting + 1);
      });
    };
    for (const root of roots) visit(root, 1, 0);
    for (let s = 0; s < compiled.spawns; s++) {
      const want = last || depth >= 3 ? 0 : Math.min(lanes[s]!, Math.max(0, MAX_THREADS - threads.length));
      laneBase[t * compiled.spawns + s] = threads.length;
      laneCount[t * compiled.spawns + s] = want;
      for (let k = 0; k < want; k++) {
        const op = spawned[s]!.op;
        const kind: LaneKind =
          op.op === 'work.queue'
            ? 'work'
            : op.op === 'timer.start'
              ? 'timer'
              : op.op === 'percpu.kill'
                ? 'switch'
                : 'callback';
        threads.push({
          name: `${kind === 'switch' ? 'callback' : kind} of ${threads[t]!.name}`,
          kind,
          cpu: threads[t]!.cpu,
          entry: kind === 'work' || kind === 'timer' ? prologues.work : prologues[kind],
          frame: HEADER,
          args: [],
          parent: t,
        });
        const roots =
          op.op === 'percpu.kill'
            ? [...new Set(releases)]
            : 'routine' in op && op.routine
              ? [op.routine]
              : [];
        pending.push({ roots, depth: depth + 1 });
      }
    }
    for (let a = 0; a < compiled.allocs; a++) {
      const type = unit.allocTypes[a]!;
      poolBase[t * compiled.allocs + a] = memory.objects.length;
      poolCount[t * compiled.allocs + a] = pool[a]!;
      for (let k = 0; k < pool[a]!; k++) {
        const n = (counters.get(type) ?? 0) + 1;
        counters.set(type, n);
        reserve(memory, typeNamed(memory, type), `${type}#${n}`, false);
      }
    }
  };
  for (let t = 0; t < pending.length; t++) size(t, pending[t]!.roots, pending[t]!.depth, false);
  if (program.setup !== undefined) {
    compiled.setup = threads.length;
    const routine = compiled.routines[unit.routine(program.setup)]!;
    threads.push({
      name: 'setup',
      kind: 'task',
      cpu: -1,
      entry: routine.entry,
      frame: routine.frame,
      args: [unit.routine(program.setup)],
      parent: -1,
    });
    size(compiled.setup, [program.setup], 0, true);
  }
  compiled.laneBase = Int32Array.from(laneBase);
  compiled.laneCount = Int32Array.from(laneCount);
  compiled.poolBase = Int32Array.from(poolBase);
  compiled.poolCount = Int32Array.from(poolCount);
}

const SPAWNING = new Set(['percpu.kill', 'rcu.call', 'work.queue', 'timer.start']);

/** Which instructions lie between a label and a later jump back to it. */
function inLoop(routine: Routine): boolean[] {
  const labels = new Map<string, number>();
  const inside = routine.code.map(() => false);
  routine.code.forEach((op, i) => {
    if (op.op === 'label') labels.set(op.name, i);
    if (op.op === 'jump' || op.op === 'branch') {
      const from = labels.get(op.to);
      if (from !== undefined) inside.fill(true, from, i + 1);
    }
  });
  return inside;
}
