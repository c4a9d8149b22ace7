/**
 * Reference counts of both kinds as Promela; the ledger of who owns what is in the prelude.
 *
 * A percpu reference that reaches zero runs its release routine, expanded in place, in the thread that found zero.
 */
import type { Instr, Place } from '../program.ts';
import type { Scope, ThreadWriter } from './thread.ts';

type Of<K extends Instr['op']> = Extract<Instr, { op: K }>;

const COUNTED = 'assert(ALIVE(A) && m[A + 1] != 0)';

/** Counts that come to the top: refcount_t saturates there. */
function bump(by: 1 | -1, flavour: 'refcount' | 'atomic'): string {
  if (flavour === 'atomic') return `m[A] = m[A] + ${by}`;
  return `if :: m[A] < 0 || (${by} > 0 && m[A] == 2147483647) -> m[A] = -1073741824 :: else -> m[A] = m[A] + ${by} fi`;
}

export function ref(
  w: ThreadWriter,
  scope: Scope,
  op: Of<'ref.init' | 'ref.get' | 'ref.tryget' | 'ref.put' | 'ref.read' | 'own' | 'disown'>,
): void {
  const at = (body: string, otherwise?: string) =>
    w.event(w.at(scope, (op as { at: Place }).at, body, otherwise));
  const unseen = 'unseen[OBJ(V) * THREADS + ME]';
  switch (op.op) {
    case 'ref.init': {
      const gain = op.value > 0 ? '; OWN(OBJ(A))++' : '';
      return at(`assert(ALIVE(A)); m[A] = ${op.value}; m[A + 1] = 1${gain}`);
    }
    case 'ref.get':
      if (w.c.high) return at(`${COUNTED}; assert(m[A] != 0); ${bump(1, op.flavour)}; OWN(OBJ(A))++`);
      return at(`${COUNTED}; assert(m[A] > 0); m[A]++; OWN(OBJ(A))++`);
    case 'ref.tryget': {
      const dst = w.register(scope, op.dst);
      const [can, more] = w.c.high ? ['m[A] != 0', bump(1, op.flavour)] : ['m[A] > 0', 'm[A]++'];
      const body = `if :: ${can} -> ${more}; OWN(OBJ(A))++; ${dst} = 1 :: else -> ${dst} = 0 fi`;
      return at(`${COUNTED}; ${body}`, `${dst} = 1`);
    }
    case 'ref.put': {
      const dst = op.dst === undefined ? '' : w.register(scope, op.dst);
      const give = w.c.high
        ? `assert(m[A] != 0); if :: m[A] > 0 -> lose(OBJ(A), A) :: else -> LESS(OWN(OBJ(A))) fi; ${bump(-1, op.flavour)}`
        : 'assert(m[A] > 0); lose(OBJ(A), A); m[A]--';
      const body = `${COUNTED}; ${give}`;
      return at(dst === '' ? body : `${body}; ${dst} = (m[A] == 0)`, dst === '' ? 'skip' : `${dst} = 0`);
    }
    case 'ref.read': {
      const dst = w.register(scope, op.dst);
      return at(`${COUNTED}; ${dst} = m[A]`, `${dst} = 1`);
    }
    case 'own':
      return w.event(`V = ${w.value(scope, op.object)}; if :: V >= 16 -> ${unseen}++ :: else fi; V = 0`);
    case 'disown':
      return w.event(
        `V = ${w.value(scope, op.object)}; if :: V >= 16 -> assert(${unseen} > 0); ${unseen}-- :: else fi; V = 0`,
      );
  }
}

export function percpu(
  w: ThreadWriter,
  scope: Scope,
  op: Of<
    | 'percpu.init'
    | 'percpu.get'
    | 'percpu.tryget'
    | 'percpu.put'
    | 'percpu.kill'
    | 'percpu.reinit'
    | 'percpu.exit'
  >,
): void {
  const at = (body: string, otherwise?: string) => w.at(scope, op.at, body, otherwise);
  const usable = 'assert(ALIVE(A)); assert(m[A] != 0 && m[A] != 4)';
  switch (op.op) {
    case 'percpu.init': {
      const release = op.release === '' ? 0 : w.releases().indexOf(op.release) + 1;
      const init = at(
        `assert(MAY_SLEEP); assert(ALIVE(A)); m[A] = 1; m[A + 1] = 1; m[A + 2] = ${release}; OWN(OBJ(A))++`,
      );
      if (op.dst === undefined) return w.event(init);
      const dst = w.register(scope, op.dst);
      if (w.t === w.c.setup) return w.event(`${init}; ${dst} = 0`);
      const stop = 'if :: NOPLACE -> goto STOP :: else fi';
      return w.choice(`if :: d_step { ${init}; ${dst} = 0 }; ${stop} :: ${dst} = -12 fi`);
    }
    case 'percpu.get':
      return w.event(at(`${usable}; assert(!(m[A] == 3 && m[A + 1] <= 0)); m[A + 1]++; OWN(OBJ(A))++`));
    case 'percpu.tryget': {
      const dst = w.register(scope, op.dst);
      const can = op.live ? 'm[A] == 1' : '(m[A] == 1 || m[A] == 2 || m[A + 1] > 0)';
      const body = `if :: ${can} -> m[A + 1]++; OWN(OBJ(A))++; ${dst} = 1 :: else -> ${dst} = 0 fi`;
      return w.event(at(`${usable}; ${body}`, `${dst} = 1`));
    }
    case 'percpu.put': {
      const who = w.register(scope, `who${w.labels++}`);
      w.emit(`${who} = 0;`);
      w.event(
        at(
          `${usable}; assert(m[A] != 3 || m[A + 1] > 0); lose(OBJ(A), A + 1); m[A + 1]--; if :: m[A] == 3 && m[A + 1] == 0 -> ${who} = A :: else fi`,
        ),
      );
      return w.release(scope, who);
    }
    case 'percpu.kill': {
      const call = `${w.spawn(op, 'A')}; begin_grace(L, ${w.domain('')})`;
      return w.event(
        at(`${usable}; assert(m[A] == 1); lose(OBJ(A), A + 1); m[A + 1]--; m[A] = 2; ${call}; L = 0`),
      );
    }
    case 'percpu.reinit':
      return w.event(
        at(`${usable}; assert(m[A] == 3 && m[A + 1] == 0); m[A] = 1; m[A + 1] = 1; OWN(OBJ(A))++`),
      );
    case 'percpu.exit':
      return w.event(at('assert(ALIVE(A)); if :: m[A] != 0 -> m[A] = 4 :: else fi'));
  }
}
