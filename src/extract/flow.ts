/**
 * Control flow of a routine: where each operation leads, which come to an end, where branches meet again and what
 * they decide. Loops are edges like any other.
 */
import type { Instr } from '../sim/program.ts';

/** What may run after each operation; `code.length` stands for the end. */
export function successors(code: Instr[]): number[][] {
  const labels = new Map<string, number>();
  code.forEach((instr, i) => {
    if (instr.op === 'label') labels.set(instr.name, i);
  });
  return code.map((instr, i) => {
    if (instr.op === 'jump') return [labels.get(instr.to)!];
    if (instr.op === 'branch') return [i + 1, labels.get(instr.to)!];
    if (instr.op === 'return') return [code.length];
    if (isDeadEnd(instr)) return [];
    return [i + 1];
  });
}

/** Which operations, and the end, lead to the end. */
export function returning(next: readonly number[][]): Uint8Array {
  const exit = next.length;
  const previous: number[][] = Array.from({ length: exit + 1 }, () => []);
  next.forEach((to, from) => {
    for (const t of to) previous[t]!.push(from);
  });
  const ends = new Uint8Array(exit + 1);
  const work = [exit];
  while (work.length > 0) {
    const i = work.pop()!;
    if (ends[i] === 1) continue;
    ends[i] = 1;
    work.push(...previous[i]!);
  }
  return ends;
}

/** Control flow of a routine: successors, post-dominators, and which branches decide whether a step runs. */
export class Flow {
  readonly next: number[][];
  /** Immediate post-dominator by instruction; `exit` is one past the end. */
  readonly meets: Int32Array;
  readonly exit: number;
  private readonly deciders: number[][];

  constructor(code: Instr[]) {
    this.exit = code.length;
    this.next = successors(code);
    const returns = returning(this.next);
    // A test for what must not happen (BUG_ON) decides nothing: its sides that do not come back are not counted.
    this.next = this.next.map((to) => to.filter((t) => returns[t] === 1));
    this.meets = this.postDominators();
    this.deciders = this.controlDependence(code);
  }

  controllers(i: number): number[] {
    return this.deciders[i]!;
  }

  /** Cooper, Harvey and Kennedy's algorithm on the reversed graph. */
  private postDominators(): Int32Array {
    const n = this.exit + 1;
    const previous: number[][] = Array.from({ length: n }, () => []);
    this.next.forEach((to, from) => {
      for (const t of to) previous[t]!.push(from);
    });
    const order = new Int32Array(n).fill(-1);
    const sequence: number[] = [];
    const visit = (root: number): void => {
      const stack: [number, number][] = [[root, 0]];
      order[root] = 0;
      while (stack.length > 0) {
        const top = stack[stack.length - 1]!;
        const child = previous[top[0]]![top[1]++];
        if (child === undefined) {
          sequence.push(top[0]);
          stack.pop();
        } else if (order[child] === -1) {
          order[child] = 0;
          stack.push([child, 0]);
        }
      }
    };
    visit(this.exit);
    sequence.forEach((node, i) => {
      order[node] = i;
    });
    const meets = new Int32Array(n).fill(-1);
    meets[this.exit] = this.exit;
    for (let changed = true; changed; ) {
      changed = false;
      for (let k = sequence.length - 2; k >= 0; k--) {
        const node = sequence[k]!;
        let best = -1;
        for (const s of this.next[node]!) {
          if (meets[s] === -1) continue;
          best = best === -1 ? s : this.common(meets, order, s, best);
        }
        if (best !== -1 && meets[node] !== best) {
          meets[node] = best;
          changed = true;
        }
      }
    }
    return meets;
  }

  private common(meets: Int32Array, order: Int32Array, a: number, b: number): number {
    let x = a;
    let y = b;
    while (x !== y) {
      while (order[x]! < order[y]!) x = meets[x]!;
      while (order[y]! < order[x]!) y = meets[y]!;
    }
    return x;
  }

  private controlDependence(code: Instr[]): number[][] {
    const deciders: number[][] = Array.from({ length: this.exit + 1 }, () => []);
    code.forEach((instr, b) => {
      if (instr.op !== 'branch') return;
      for (const side of this.next[b]!) {
        // A side that never ends is decided by its branch like any other.
        for (let n = side; n !== -1 && n !== this.meets[b] && n !== this.exit; n = this.meets[n]!) {
          const list = deciders[n]!;
          if (list[list.length - 1] === b) break;
          list.push(b);
        }
      }
    });
    return deciders;
  }
}

export function isDeadEnd(instr: Instr): boolean {
  return instr.op === 'assume' && instr.cond === 0;
}
