/**
 * Cells and objects as Promela: loads, stores, atomic operations, copies, allocation, freeing, pointers that leave.
 *
 * Who can see an object matters only to the counting of references: programs without any do not write it down.
 */
import type { Instr, Place } from '../program.ts';
import { PromelaError } from './error.ts';
import { CALC, type Scope, type ThreadWriter } from './thread.ts';

type Of<K extends Instr['op']> = Extract<Instr, { op: K }>;

/** The references that storing the value of A's cell moves; a constant points to nothing. */
function stored(w: ThreadWriter, value: number | string): string {
  return w.c.usesRefs && typeof value !== 'number' ? '; stored(A, m[A])' : '';
}

/** The pointer leaves what can be seen. */
export function letGo(w: ThreadWriter, value: string): string {
  const publish = w.c.usesRefs ? '; publish(V)' : '';
  return `V = ${value}; if :: V >= 16 && V < WORDS -> escaped[OBJ(V)] = true${publish} :: else fi; V = 0`;
}

export function memory(
  w: ThreadWriter,
  scope: Scope,
  op: Of<'load' | 'store' | 'rmw' | 'cmpxchg' | 'access' | 'free' | 'escape'>,
): void {
  const v = (x: number | string) => w.value(scope, x);
  const at = (place: Place, body: string, otherwise?: string) =>
    w.event(w.at(scope, place, `assert(ALIVE(A)); ${body}`, otherwise));
  switch (op.op) {
    case 'load': {
      const dst = w.register(scope, op.dst);
      return at(op.from, `${w.member(op.from).read}${dst} = m[A]`, `${dst} = 0`);
    }
    case 'store':
      return at(op.to, `${w.member(op.to).write}m[A] = ${v(op.value)}${stored(w, op.value)}`);
    case 'rmw': {
      const dst = op.dst === undefined ? '' : w.register(scope, op.dst);
      const next = op.fn === 'xchg' ? v(op.value) : `V ${CALC[op.fn]} ${v(op.value)}`;
      const result = dst === '' ? '' : `; ${dst} = ${op.gives === 'new' ? 'm[A]' : 'V'}`;
      const moves = op.fn === 'xchg' ? stored(w, op.value) : '';
      return at(
        op.at,
        `V = m[A]; ${w.member(op.at).write}m[A] = ${next}${moves}${result}; V = 0`,
        dst === '' ? 'skip' : `${dst} = 0`,
      );
    }
    case 'cmpxchg': {
      const dst = w.register(scope, op.dst);
      const hit = `${w.member(op.at).write}m[A] = ${v(op.value)}${stored(w, op.value)}`;
      return at(
        op.at,
        `V = m[A]; if :: V == ${v(op.expect)} -> ${hit} :: else fi; ${dst} = V; V = 0`,
        `${dst} = 0`,
      );
    }
    case 'access': {
      const member = op.at.cell === '' ? '' : w.member(op.at)[op.write ? 'write' : 'read'];
      return at(op.at, `${member}skip`);
    }
    case 'free':
      return w.event(`V = ${v(op.object)}; release(V); V = 0`);
    case 'escape':
      return w.event(letGo(w, v(op.value)));
  }
}

export function alloc(w: ThreadWriter, scope: Scope, op: Of<'alloc'>): void {
  const a = w.allocOf.get(op)!;
  w.allocs.add(a);
  const base = w.c.poolBase[w.t * w.c.allocs + a]!;
  const n = w.c.poolCount[w.t * w.c.allocs + a]!;
  const dst = w.register(scope, op.dst);
  const take = `assert(n${a} < ${n}); life[${base} + n${a}] = 1; priv[${base} + n${a}] = ME + 1; ${dst} = first[${base} + n${a}]; n${a}++`;
  if (op.mayFail && w.t !== w.c.setup) w.choice(`if :: d_step { ${take} } :: ${dst} = 0 fi`);
  else w.event(take);
}

/** `*to = *from`: locks arrive free, counts uninitialised. */
export function copy(w: ThreadWriter, scope: Scope, op: Of<'copy'>): void {
  const type = w.c.memory.types.get(op.type);
  if (!type) throw new PromelaError(`no type is called ${op.type}`);
  const cleared = type.cells.flatMap((cell) => {
    if (cell.kind === 'int' || cell.kind === 'pointer') return [];
    const kept = cell.kind === 'ref' ? 1 : 0;
    return Array.from({ length: cell.words - kept }, (_, i) => `m[B + ${cell.offset + kept + i}] = 0`);
  });
  const words = `K = 0; do :: K < ${type.size} -> m[B + K] = m[V + K]; tag[B + K] = tag[V + K]; K++ :: else -> break od; K = 0`;
  w.event(
    `B = ${w.value(scope, op.to)}; V = ${w.value(scope, op.from)}; if :: B < 16 || V < 16 -> NOPLACE = true :: else -> ` +
      `assert(ALIVE(B) && ALIVE(V)); ${[words, ...cleared].join('; ')} fi; B = 0; V = 0`,
  );
}
