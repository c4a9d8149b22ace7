/**
 * Wakeup trees: which initial fragments must still be explored from each point of the current execution.
 *
 * After Abdulla, Aronis, Jonsson, Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order Reduction" (J. ACM 64, 2017), section
 * 6. A node stands for one event (a thread, the alternative of an unknown, and what it touches); children are ordered by
 * insertion. Nodes live in flat arrays and are reused. The insertion itself is in `reversal.ts`.
 */
import { FOOT } from './machine.ts';

export class WakeupTrees {
  child = new Int32Array(256);
  sibling = new Int32Array(256);
  thread = new Int32Array(256);
  choice = new Int32Array(256);
  foot = new Int32Array(256 * FOOT);
  private used = 1;
  private free = 0;

  /** A node without children; 0 is no node. */
  create(thread: number, choice: number): number {
    let node = this.free;
    if (node !== 0) this.free = this.sibling[node]!;
    else {
      node = this.used++;
      if (node >= this.child.length) this.grow();
    }
    this.child[node] = 0;
    this.sibling[node] = 0;
    this.thread[node] = thread;
    this.choice[node] = choice;
    return node;
  }

  /** Appends a child; children are explored in this order. */
  append(parent: number, node: number): void {
    let last = this.child[parent]!;
    if (last === 0) {
      this.child[parent] = node;
      return;
    }
    while (this.sibling[last] !== 0) last = this.sibling[last]!;
    this.sibling[last] = node;
  }

  /** Takes the first child off. */
  takeFirst(parent: number): number {
    const node = this.child[parent]!;
    this.child[parent] = this.sibling[node]!;
    this.sibling[node] = 0;
    return node;
  }

  /** Gives a node and everything below it back. */
  release(node: number): void {
    for (let c = this.child[node]!; c !== 0; ) {
      const next = this.sibling[c]!;
      this.release(c);
      c = next;
    }
    this.sibling[node] = this.free;
    this.free = node;
  }

  bytes(): number {
    return 4 * this.child.byteLength + this.foot.byteLength;
  }

  private grow(): void {
    const n = this.child.length * 2;
    this.child = grown(this.child, n);
    this.sibling = grown(this.sibling, n);
    this.thread = grown(this.thread, n);
    this.choice = grown(this.choice, n);
    this.foot = grown(this.foot, n * FOOT);
  }
}

export function grown(old: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(old);
  return larger;
}
