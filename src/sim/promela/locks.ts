/**
 * Locks and contexts as Promela: a lock word is as in `src/sim/lock.ts`, said a second time.
 *
 * `ATOM` counts what spins, `HARD`, `SOFT` and `PRE` what is switched off; a handler on the CPU looks at the first two.
 */
import type { Instr } from '../program.ts';
import type { Scope, ThreadWriter } from './thread.ts';

type Of<K extends Instr['op']> = Extract<Instr, { op: K }>;

const SLEEPS = new Set(['mutex', 'rwsem']);
const MINE = '(OWNER(A) == ME || SH(A) > 0)';

export function lock(w: ThreadWriter, scope: Scope, op: Of<'lock' | 'trylock' | 'unlock'>): void {
  const shared = op.mode === 'shared';
  const sleeps = SLEEPS.has(op.kind);
  const off = op.irq === 'bh' ? 'SOFT' : op.irq === undefined || op.irq === 'plain' ? '' : 'HARD';
  const up = `${sleeps ? '' : '; ATOM++'}${off === '' ? '' : `; ${off}++`}`;
  const down = `${sleeps ? '' : '; ATOM--'}${off === '' ? '' : `; LESS(${off})`}`;
  const take = `${shared ? 'm[A]++; SH(A)++' : 'm[A] = m[A] + ((ME + 1) << 8)'}${up}`;
  const free = (a: string) => `${shared ? 'FREE_S' : 'FREE_X'}(${a})`;
  const held = (a: string) => (shared ? `OWNER(${a}) == ME` : `(OWNER(${a}) == ME || SH(${a}) > 0)`);
  if (op.op === 'lock') {
    if (sleeps) w.emit('assert(MAY_SLEEP);');
    const guard = w.when(scope, op.at, (a) => `${held(a)} || ${free(a)}`);
    return w.event(w.at(scope, op.at, `assert(ALIVE(A)); assert(!(${held('A')})); ${take}`), guard);
  }
  if (op.op === 'trylock') {
    const dst = w.register(scope, op.dst);
    const body = `assert(ALIVE(A)); if :: ${free('A')} -> ${take}; ${dst} = 1 :: else -> ${dst} = 0 fi`;
    return w.event(w.at(scope, op.at, body, `${dst} = 1`));
  }
  const give = shared ? 'assert(SH(A) > 0); SH(A)--; m[A]--' : 'assert(OWNER(A) == ME); m[A] = m[A] & 255';
  w.event(w.at(scope, op.at, `assert(ALIVE(A)); ${give}${down}`));
  // The second step of an unlock still touches the lock.
  if (sleeps) w.event(w.at(scope, op.at, 'assert(ALIVE(A))'));
}

export function changeMode(w: ThreadWriter, scope: Scope, op: Of<'downgrade' | 'upgrade'>): void {
  if (op.op === 'downgrade') {
    const body = 'assert(ALIVE(A)); assert(OWNER(A) == ME); m[A] = m[A] - ((ME + 1) << 8) + 1; SH(A)++';
    return w.event(w.at(scope, op.at, body));
  }
  const dst = w.register(scope, op.dst);
  const body = `assert(ALIVE(A)); assert(SH(A) > 0); if :: m[A] == 1 -> m[A] = (ME + 1) << 8; SH(A)--; ${dst} = 1 :: else -> ${dst} = 0 fi`;
  w.event(w.at(scope, op.at, body, `${dst} = 0`));
}

export function assertHeld(w: ThreadWriter, scope: Scope, op: Of<'assert-held'>): void {
  const held = op.mode === 'exclusive' ? 'OWNER(A) == ME' : MINE;
  w.event(w.at(scope, op.at, `assert(${op.not ? '!' : ''}(${held}))`));
}

export function context(w: ThreadWriter, op: Of<'context'>): void {
  if (op.what === 'pagefault') return;
  const depth = { irq: 'HARD', bh: 'SOFT', preempt: 'PRE' }[op.what];
  w.event(op.change > 0 ? `${depth}++` : `LESS(${depth})`);
}
