/**
 * Translation of routines: names of registers, labels and objects become numbers, operations become instructions.
 *
 * One `Unit` for a program. It numbers domains, keys of unknowns and alternatives on the way; `encode.ts` has the operands of each
 * operation. An unknown name or a jump to nowhere throws `ProgramError`.
 */
import type { CompiledRoutine, Source } from './compile.ts';
import { encode } from './encode.ts';
import type { Memory } from './layout.ts';
import * as O from './opcodes.ts';
import type { Op, Place, Program, Routine, Site, Value } from './program.ts';
import { CALC_FNS } from './words.ts';

export class ProgramError extends Error {}

export interface Prologues {
  callback: number;
  work: number;
  irq: number;
  switch: number;
}

export const HEADER = 3;
const ENOMEM = -12;
const NOWHERE: Site = { file: '', line: 0, function: '', text: '' };

/** Translation state for one program. */
export class Unit {
  readonly sources: Source[] = [];
  readonly routines: CompiledRoutine[] = [];
  readonly domains: string[] = [];
  readonly keys: string[] = [];
  readonly alternatives: number[][] = [];
  readonly asserts: { hazard: number; message: string }[] = [];
  readonly allocTypes: string[] = [];
  spawns = 0;
  usesRefs = false;
  readonly grace: Set<string>;
  private registers = new Map<string, number>();
  private routineName = '';
  readonly program: Program;
  readonly memory: Memory;
  private readonly index: Map<string, number>;
  private readonly words: number[];

  constructor(program: Program, memory: Memory, index: Map<string, number>, words: number[]) {
    this.program = program;
    this.memory = memory;
    this.index = index;
    this.words = words;
    this.grace = new Set();
    for (const routine of program.routines)
      for (const op of routine.code) {
        if (op.op === 'rcu.synchronize' || op.op === 'rcu.call' || op.op === 'rcu.barrier') {
          this.grace.add(op.domain ?? '');
        }
        if (op.op === 'percpu.kill') this.grace.add('');
      }
  }

  fail(message: string): never {
    throw new ProgramError(`routine ${this.routineName}: ${message}`);
  }

  routine(name: string): number {
    const i = this.index.get(name);
    if (i === undefined) this.fail(`no routine is called ${name}`);
    return i;
  }

  /** A value outside of any routine: arguments of threads. */
  constant(value: Value): number {
    if (typeof value === 'number') return value;
    const address = value.startsWith('@') ? this.memory.addressOf.get(value.slice(1)) : undefined;
    if (address === undefined) this.fail(`${value} is not a constant nor an object`);
    return address;
  }

  register(name: string): number {
    let r = this.registers.get(name);
    if (r === undefined) {
      r = HEADER + this.registers.size;
      this.registers.set(name, r);
    }
    return r;
  }

  value(value: Value): number {
    if (typeof value === 'number' || value.startsWith('@')) {
      const c = this.constant(value);
      if (c < -(2 ** 30) || c >= 2 ** 30) this.fail(`the constant ${c} is too large`);
      return c << 1;
    }
    return (this.register(value) << 1) | 1;
  }

  offset(place: Place): number {
    if (place.cell === '') return 0;
    const type = this.memory.types.get(place.type);
    const cell = type?.byName.get(place.cell);
    if (!cell) this.fail(`type ${place.type} has no cell ${place.cell}`);
    return cell.offset;
  }

  /** A place takes two operands: the base and, packed, the offset and the member of a union. */
  place(place: Place): [number, number] {
    const cell = this.memory.types.get(place.type)?.byName.get(place.cell);
    const union = cell && cell.member > 0 ? (cell.member << 12) | (cell.tag << 20) : 0;
    return [this.value(place.base), this.offset(place) | union];
  }

  domain(name: string | undefined): number {
    const at = this.domains.indexOf(name ?? '');
    return at >= 0 ? at : this.domains.push(name ?? '') - 1;
  }

  key(name: string): number {
    const at = this.keys.indexOf(name);
    return at >= 0 ? at : this.keys.push(name) - 1;
  }

  choose(dst: number, among: number[], key: string | undefined): number[] {
    if (among.length === 0 || among.length > 30) this.fail(`an unknown of ${among.length} values`);
    this.alternatives.push(among);
    return [O.CHOOSE, dst, this.alternatives.length - 1, key === undefined ? -1 : this.key(key)];
  }

  emit(source: number, ...operands: number[]): void {
    while (operands.length < O.SOURCE) operands.push(0);
    this.words.push(...operands, source);
  }

  get position(): number {
    return this.words.length / O.WIDTH;
  }

  translate(routine: Routine): void {
    this.routineName = routine.name;
    this.registers = new Map();
    for (const p of routine.params) this.register(p);
    const labels = new Map<string, number>();
    const fixes: { at: number; operand: number; to: string }[] = [];
    const entry = this.position;
    for (const op of routine.code) {
      this.sources.push({
        op,
        site: (op.site === undefined ? undefined : routine.sites[op.site]) ?? NOWHERE,
        routine: routine.name,
      });
      const source = this.sources.length - 1;
      if (op.op === 'label') labels.set(op.name, this.position);
      else if (op.op === 'jump' || op.op === 'branch') {
        fixes.push({ at: this.position, operand: 1, to: op.to });
        this.emit(
          source,
          op.op === 'jump' ? O.JUMP : O.BRANCH,
          0,
          op.op === 'jump' ? 0 : this.value(op.cond),
        );
      } else this.operation(op, source);
    }
    this.sources.push({ op: undefined, site: NOWHERE, routine: routine.name });
    this.emit(this.sources.length - 1, O.RETURN, 0, 0);
    for (const { at, operand, to } of fixes) {
      const target = labels.get(to);
      if (target === undefined) this.fail(`no label is called ${to}`);
      this.words[at * O.WIDTH + operand] = target;
    }
    this.routines.push({
      name: routine.name,
      entry,
      frame: HEADER + this.registers.size,
      params: routine.params.length,
      registers: this.registers,
    });
  }

  /** Operations that may fail are an unknown and a jump around them. */
  private operation(op: Exclude<Op, { op: 'label' | 'jump' | 'branch' }>, source: number): void {
    if (op.op.startsWith('ref.') || op.op.startsWith('percpu.') || op.op === 'own') this.usesRefs = true;
    if (op.op === 'call') {
      // The arguments are packed behind the call, seven to an instruction.
      this.emit(source, ...encode(this, op));
      const args = op.args.map((a) => this.value(a));
      for (let i = 0; i < args.length; i += O.SOURCE) this.emit(source, ...args.slice(i, i + O.SOURCE));
      return;
    }
    const failing =
      op.op === 'alloc' && op.mayFail
        ? 0
        : op.op === 'percpu.init' && op.dst !== undefined
          ? ENOMEM
          : undefined;
    if (failing === undefined) return this.emit(source, ...encode(this, op));
    const dst = this.register((op as { dst: string }).dst);
    const failed = this.register('<failed>');
    this.emit(source, ...this.choose(dst, [1, failing], undefined));
    this.emit(source, O.CALC, failed, CALC_FNS.indexOf('le'), (dst << 1) | 1, 0);
    const branch = this.position;
    this.emit(source, O.BRANCH, 0, (failed << 1) | 1);
    this.emit(source, ...encode(this, op));
    if (op.op === 'percpu.init') this.emit(source, O.SET, dst, 0);
    this.words[branch * O.WIDTH + 1] = this.position;
  }

  /** Code that lanes start with, before and after their routine. */
  prologues(): Prologues {
    this.sources.push({ op: undefined, site: NOWHERE, routine: '' });
    const source = this.sources.length - 1;
    const lane = (...ops: number[]) => {
      const at = this.position;
      for (const op of [...ops, O.RETURN]) this.emit(source, op);
      return at;
    };
    return {
      callback: lane(O.GRACE_END, O.LANE_BODY, O.LANE_DONE),
      work: lane(O.WORK_START, O.LANE_BODY, O.WORK_DONE),
      switch: lane(O.GRACE_END, O.PERCPU_SWITCH, O.LANE_DONE),
      irq: lane(O.IRQ_ENTER, O.LANE_BODY, O.IRQ_LEAVE),
    };
  }
}
