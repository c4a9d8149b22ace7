/**
 * One thread, or lane, as a process: calls expanded in place, one atomic step for each event.
 *
 * Registers are locals named after the expansion they belong to. A lane waits until it is born, then for its grace period, then
 * runs its routine. Labels are numbered, so that expansions do not meet. Local operations are steps of their own: SPIN's
 * reduction deals with them.
 */
import type { Compiled } from '../compile.ts';
import type { Instr, Place, Routine, Value } from '../program.ts';
import { unknownValues } from '../words.ts';
import { PromelaError } from './export.ts';
import { alloc, copy, lock, percpu, taskAdd, taskRun, wait } from './primitives.ts';

const CALC: Record<string, string> = {
  add: '+',
  sub: '-',
  mul: '*',
  and: '&',
  or: '|',
  xor: '^',
  shl: '<<',
  shr: '>>',
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
};

export interface Scope {
  id: number;
  routine: Routine;
  /** Where `return` goes, and into which register of the caller. */
  end: string;
  result: string | undefined;
  depth: number;
  outermost: boolean;
}

export class ThreadWriter {
  readonly c: Compiled;
  readonly t: number;
  readonly registers = new Set<string>();
  readonly lines: string[] = [];
  labels = 0;
  scopes = 0;
  readonly spawnOf = new Map<Instr, number>();
  readonly allocOf = new Map<Instr, number>();

  constructor(c: Compiled, t: number) {
    this.c = c;
    this.t = t;
    for (const r of c.program.routines)
      for (const op of r.code) {
        if (['percpu.kill', 'rcu.call', 'work.queue', 'timer.start'].includes(op.op))
          this.spawnOf.set(op, this.spawnOf.size);
        if (op.op === 'alloc') this.allocOf.set(op, this.allocOf.size);
      }
  }

  write(): { declaration: string; inline: string[] } {
    const { c, t } = this;
    const info = c.threads[t]!;
    const isLane = info.parent >= 0;
    if (isLane) this.lane();
    else {
      const routine = this.routine(t === c.setup ? c.program.setup! : c.program.threads[t]!.routine);
      const args = t === c.setup ? [] : c.program.threads[t]!.args.map((a) => this.constant(a));
      this.expand(routine, args, undefined, 0, true);
    }
    const counters = [...this.allocs].map((a) => `byte n${a};`);
    const locals = [...this.registers].map((r) => `int ${r};`);
    if (t === c.setup) {
      return {
        declaration: '',
        inline: [
          ...locals,
          ...counters,
          ...this.lines,
          'goto READY;',
          'STOP: assert(false);',
          'READY: skip;',
        ],
      };
    }
    const declaration = [
      `proctype t${t}() { /* ${info.name} */`,
      `  int B, O, A, V, W, K; byte ATOM; byte ME = ${t};`,
      ...locals.map((l) => `  ${l}`),
      ...counters.map((l) => `  ${l}`),
      ...(isLane
        ? [
            'end_born:',
            '  born[ME];',
            `  ATOM = ${info.kind === 'callback' || info.kind === 'switch' ? 1 : 0};`,
          ]
        : []),
      ...this.lines.map((l) => `  ${l}`),
      `  atomic { ${isLane ? '' : 'assert(ATOM == 0); end_checks(); '}finished++; }`,
      '  goto FIN;',
      'STOP:',
      '  stuck = true;',
      'end_stop:',
      '  false;',
      'FIN:',
      '  skip',
      '}',
    ].join('\n');
    return { declaration, inline: [] };
  }

  readonly allocs = new Set<number>();

  routine(name: string): Routine {
    const routine = this.c.program.routines.find((r) => r.name === name);
    if (!routine) throw new PromelaError(`no routine is called ${name}`);
    return routine;
  }

  constant(v: Value): string {
    return typeof v === 'number' ? `${v}` : `${this.c.memory.addressOf.get(v.slice(1))}`;
  }

  emit(...lines: string[]): void {
    this.lines.push(...lines);
  }

  /** One event: what it waits for (a stuck thread elsewhere ends the wait), and what it does. */
  event(body: string, guard?: string): void {
    if (guard === undefined) this.emit(`atomic { ${body} };`);
    else this.emit(`atomic { if :: ${guard} -> ${body} :: stuck -> goto STOP fi };`);
  }

  register(scope: Scope, name: string): string {
    const r = `r${scope.id}_${name.replace(/\W/g, '_')}`;
    this.registers.add(r);
    return r;
  }

  value(scope: Scope, v: Value): string {
    if (typeof v === 'number') return `(${v})`;
    return v.startsWith('@') ? this.constant(v) : this.register(scope, v);
  }

  offset(place: Place): number {
    if (place.cell === '') return 0;
    const cell = this.c.memory.types.get(place.type)?.byName.get(place.cell);
    if (!cell) throw new PromelaError(`type ${place.type} has no cell ${place.cell}`);
    return cell.offset;
  }

  /** Evaluates a place into A and does `body`, unless the base is NULL (stuck) or memory that nobody describes. */
  at(scope: Scope, place: Place, body: string, otherwise = 'skip'): string {
    const base = this.value(scope, place.base);
    return `B = ${base}; if :: IS_NULL(B) -> goto STOP :: IS_OPAQUE(B) -> ${otherwise} :: else -> A = B + ${this.offset(place)}; ${body} fi; B = 0; A = 0`;
  }

  member(place: Place): { read: string; write: string } {
    const cell = this.c.memory.types.get(place.type)?.byName.get(place.cell);
    if (!cell || cell.member === 0) return { read: '', write: '' };
    return { read: `assert(tag[A] == 0 || tag[A] == ${cell.member}); `, write: `tag[A] = ${cell.member}; ` };
  }

  expand(
    routine: Routine,
    args: string[],
    result: string | undefined,
    depth: number,
    outermost: boolean,
  ): void {
    if (depth > 10) throw new PromelaError('calls nest too deep for Promela');
    const id = this.scopes++;
    const scope: Scope = { id, routine, end: `E${id}`, result, depth, outermost };
    routine.params.forEach((p, i) => {
      this.emit(`${this.register(scope, p)} = ${args[i] ?? 0};`);
    });
    for (const op of routine.code) this.operation(scope, op);
    this.emit(`${scope.end}: skip;`);
  }

  /** A routine that runs when the count reaches zero, given the address of the reference in `who`. */
  release(scope: Scope, who: string): void {
    for (const [i, name] of this.releases().entries()) {
      const [no, end] = [`N${this.labels}`, `X${this.labels++}`];
      this.emit(`if :: ${who} != 0 && m[${who} + 2] == ${i + 1} -> skip :: else -> goto ${no} fi;`);
      this.expand(this.routine(name), [who], undefined, scope.depth + 1, false);
      this.emit(`goto ${end};`, `${no}: skip;`, `${end}: skip;`);
    }
  }

  releases(): string[] {
    const names = this.c.program.routines.flatMap((r) =>
      r.code.flatMap((op) => (op.op === 'percpu.init' && op.release ? [op.release] : [])),
    );
    return [...new Set(names)];
  }

  lane(): void {
    const { c, t } = this;
    const info = c.threads[t]!;
    const scope: Scope = {
      id: this.scopes++,
      routine: { name: '', params: [], code: [], sites: [] },
      end: '',
      result: undefined,
      depth: 0,
      outermost: false,
    };
    const head = this.register(scope, 'head');
    const who = this.register(scope, 'who');
    const op = this.spawnedBy(info.parent);
    if (op.op === 'percpu.kill') {
      this.event('wd[ME] = 0', 'wt[ME] == 0');
      this.event(
        `A = arg[ME]; assert(ALIVE(A)); assert(m[A] != 4); m[A] = 3; if :: m[A + 1] == 0 -> ${who} = A :: else -> ${who} = 0 fi; A = 0`,
      );
      return this.release(scope, who);
    }
    if (op.op !== 'rcu.call') throw new PromelaError(`${op.op} cannot be exported to Promela`);
    this.emit(`${head} = ${op.head ? 'tq_head[ME]' : '0'};`.replace('tq_head[ME]', `asleep[ME]`));
    this.event(
      `wd[ME] = 0; if :: ${head} >= 16 -> assert(ALIVE(${head})); m[${head}] = 0 :: else fi`,
      'wt[ME] == 0',
    );
    if (op.routine === '') this.event('release(arg[ME])');
    else this.expand(this.routine(op.routine), ['arg[ME]'], undefined, 1, false);
  }

  /** The operation that can start this lane. */
  spawnedBy(parent: number): Instr {
    for (const [op, s] of this.spawnOf) {
      const base = this.c.laneBase[parent * this.c.spawns + s]!;
      const n = this.c.laneCount[parent * this.c.spawns + s]!;
      if (this.t >= base && this.t < base + n) return op;
    }
    throw new PromelaError('a lane without an origin');
  }

  /** Starts the next lane for this operation. */
  spawn(op: Instr, argument: string, domain: string, head: string): string {
    const s = this.spawnOf.get(op)!;
    const base = this.c.laneBase[this.t * this.c.spawns + s]!;
    const n = this.c.laneCount[this.t * this.c.spawns + s]!;
    const choices = Array.from({ length: n }, (_, k) => {
      const l = base + k;
      const before = k === 0 ? '' : `born[${l - 1}] && `;
      return `:: ${before}!born[${l}] -> arg[${l}] = ${argument}; asleep[${l}] = ${head}; begin_grace(${l}, ${domain}); started++; born[${l}] = true`;
    });
    return `if ${choices.join(' ')} :: else -> assert(false) fi`;
  }

  operation(scope: Scope, op: Instr): void {
    const v = (x: Value) => this.value(scope, x);
    const r = (name: string | undefined) => (name === undefined ? 'V' : this.register(scope, name));
    const at = (place: Place, body: string, otherwise?: string) => this.at(scope, place, body, otherwise);
    const domain = (name: string | undefined) => `${this.c.domains.indexOf(name ?? '')}`;
    switch (op.op) {
      case 'set':
        return this.emit(`${r(op.dst)} = ${v(op.value)};`);
      case 'calc':
        if (op.fn === 'div' || op.fn === 'mod') {
          return this.emit(
            `${r(op.dst)} = (${v(op.b)} == 0 -> 0 : ${v(op.a)} ${op.fn === 'div' ? '/' : '%'} ${v(op.b)});`,
          );
        }
        return this.emit(`${r(op.dst)} = (${v(op.a)} ${CALC[op.fn]} ${v(op.b)});`);
      case 'unknown': {
        // Setup runs once: an unknown in it takes its first value, as in the core.
        const among = this.t === this.c.setup ? unknownValues(op.what).slice(0, 1) : unknownValues(op.what);
        const choose = `if ${among.map((x) => `:: ${r(op.dst)} = ${x}`).join(' ')} fi`;
        if (op.key === undefined) return this.emit(`${choose};`);
        const key = `key_${op.key.replace(/\W/g, '_')}`;
        this.registers.add(key);
        this.registers.add(`${key}_known`);
        return this.emit(
          `if :: ${key}_known -> ${r(op.dst)} = ${key} :: else -> ${choose}; ${key} = ${r(op.dst)}; ${key}_known = 1 fi;`,
        );
      }
      case 'forget':
        this.registers.add(`key_${op.key.replace(/\W/g, '_')}_known`);
        return this.emit(`key_${op.key.replace(/\W/g, '_')}_known = 0;`);
      case 'label':
        return this.emit(`L${scope.id}_${op.name.replace(/\W/g, '_')}: skip;`);
      case 'jump':
        return this.emit(`goto L${scope.id}_${op.to.replace(/\W/g, '_')};`);
      case 'branch':
        return this.emit(
          `if :: ${v(op.cond)} != 0 -> goto L${scope.id}_${op.to.replace(/\W/g, '_')} :: else fi;`,
        );
      case 'call':
        return this.expand(
          this.routine(op.routine),
          op.args.map(v),
          op.dst === undefined ? undefined : r(op.dst),
          scope.depth + 1,
          false,
        );
      case 'return':
        if (op.value !== undefined && scope.outermost) {
          this.event(
            `V = ${v(op.value)}; if :: V >= 16 && V < WORDS -> escaped[OBJ(V)] = true; publish(V) :: else fi; V = 0`,
          );
        } else if (scope.result) this.emit(`${scope.result} = ${op.value === undefined ? 0 : v(op.value)};`);
        return this.emit(`goto ${scope.end};`);
      case 'assume':
        return this.emit(`if :: ${v(op.cond)} == 0 -> goto STOP :: else fi;`);
      case 'assert':
        return this.emit(`assert(${v(op.cond)} != 0);`);
      case 'load':
        return this.event(
          at(
            op.from,
            `assert(ALIVE(A)); ${this.member(op.from).read}${r(op.dst)} = m[A]`,
            `${r(op.dst)} = 0`,
          ),
        );
      case 'store':
        return this.event(
          at(op.to, `assert(ALIVE(A)); ${this.member(op.to).write}m[A] = ${v(op.value)}; stored(A, m[A])`),
        );
      case 'rmw': {
        const next = op.fn === 'xchg' ? v(op.value) : `V ${CALC[op.fn]} ${v(op.value)}`;
        const result = op.dst === undefined ? '' : `; ${r(op.dst)} = ${op.gives === 'new' ? 'm[A]' : 'V'}`;
        const body = `assert(ALIVE(A)); V = m[A]; m[A] = ${next}; ${op.fn === 'xchg' ? 'stored(A, m[A])' : 'skip'}${result}; V = 0`;
        return this.event(at(op.at, body, op.dst === undefined ? 'skip' : `${r(op.dst)} = 0`));
      }
      case 'cmpxchg':
        return this.event(
          at(
            op.at,
            `assert(ALIVE(A)); V = m[A]; if :: V == ${v(op.expect)} -> m[A] = ${v(op.value)}; stored(A, m[A]) :: else fi; ${r(op.dst)} = V; V = 0`,
            `${r(op.dst)} = 0`,
          ),
        );
      case 'copy':
        return copy(this, scope, op);
      case 'access':
        return this.event(
          at(
            op.at,
            `assert(ALIVE(A)); ${op.at.cell === '' ? '' : this.member(op.at)[op.write ? 'write' : 'read']}skip`,
          ),
        );
      case 'address':
        return this.emit(`${r(op.dst)} = ${v(op.of.base)} + ${this.offset(op.of)};`);
      case 'container':
        return this.emit(
          `${r(op.dst)} = ${v(op.of)} - ${this.offset({ base: 0, type: op.type, cell: op.cell })};`,
        );
      case 'alloc':
        return alloc(this, scope, op);
      case 'free':
        return this.event(`V = ${v(op.object)}; release(V); V = 0`);
      case 'escape':
        return this.event(
          `V = ${v(op.value)}; if :: V >= 16 && V < WORDS -> escaped[OBJ(V)] = true; publish(V) :: else fi; V = 0`,
        );
      case 'own':
        return this.event(
          `V = ${v(op.object)}; if :: V >= 16 -> unseen[OBJ(V) * THREADS + ME]++ :: else fi; V = 0`,
        );
      case 'disown':
        return this.event(
          `V = ${v(op.object)}; if :: V >= 16 -> assert(unseen[OBJ(V) * THREADS + ME] > 0); unseen[OBJ(V) * THREADS + ME]-- :: else fi; V = 0`,
        );
      case 'lock':
      case 'trylock':
      case 'unlock':
        return lock(this, scope, op);
      case 'assert-held': {
        const held = op.mode === 'exclusive' ? 'OWNER(A) == ME' : '(OWNER(A) == ME || SH(A) > 0)';
        return this.event(at(op.at, `assert(${op.not ? '!' : ''}(${held}))`));
      }
      case 'ref.init':
        return this.event(
          at(
            op.at,
            `assert(ALIVE(A)); m[A] = ${op.value}; m[A + 1] = 1; ${op.value > 0 ? 'OWN(OBJ(A))++' : 'skip'}`,
          ),
        );
      case 'ref.get':
        return this.event(
          at(op.at, 'assert(ALIVE(A) && m[A + 1] != 0); assert(m[A] > 0); m[A]++; OWN(OBJ(A))++'),
        );
      case 'ref.tryget':
        return this.event(
          at(
            op.at,
            `assert(ALIVE(A) && m[A + 1] != 0); if :: m[A] > 0 -> m[A]++; OWN(OBJ(A))++; ${r(op.dst)} = 1 :: else -> ${r(op.dst)} = 0 fi`,
            `${r(op.dst)} = 1`,
          ),
        );
      case 'ref.put': {
        const result = op.dst === undefined ? '' : `; ${r(op.dst)} = (m[A] == 0)`;
        return this.event(
          at(
            op.at,
            `assert(ALIVE(A) && m[A + 1] != 0); assert(m[A] > 0); lose_percpu(OBJ(A), A); m[A]--${result}`,
            op.dst === undefined ? 'skip' : `${r(op.dst)} = 0`,
          ),
        );
      }
      case 'ref.read':
        return this.event(
          at(op.at, `assert(ALIVE(A) && m[A + 1] != 0); ${r(op.dst)} = m[A]`, `${r(op.dst)} = 1`),
        );
      case 'rcu.enter':
        return this.event(
          `NEST(${domain(op.domain)})++; inside[${domain(op.domain)}] = inside[${domain(op.domain)}] | (1 << ME)`,
        );
      case 'rcu.exit':
        return this.event(`assert(NEST(${domain(op.domain)}) > 0); rcu_leave(${domain(op.domain)})`);
      case 'rcu.synchronize':
        this.event(
          `assert(MAY_SLEEP && NEST(${domain(op.domain)}) == 0); begin_grace(ME, ${domain(op.domain)})`,
        );
        return this.event('wd[ME] = 0', 'wt[ME] == 0');
      case 'rcu.call': {
        const call = (head: string) => this.spawn(op, v(op.arg), domain(op.domain), head);
        if (!op.head) return this.event(call('0'));
        return this.event(
          at(op.head, `assert(ALIVE(A) && m[A] != 1); ${this.member(op.head).write}m[A] = 1; ${call('A')}`),
        );
      }
      case 'context':
        if (op.what === 'pagefault') return;
        return this.emit(op.change > 0 ? 'ATOM++;' : 'ATOM--;');
      case 'sleep':
        return this.emit('assert(MAY_SLEEP);');
      case 'wait':
        return wait(this, scope, op);
      case 'wake':
        return this.event(
          at(
            op.queue,
            'assert(ALIVE(A)); K = 0; do :: K < THREADS -> if :: asleep[K] == A && !born[K] -> woken[K] = true :: else fi; K++ :: else -> break od; K = 0',
          ),
        );
      case 'complete':
        return this.event(
          at(
            op.at,
            `assert(ALIVE(A)); if :: m[A] < 1048576 -> ${op.all ? 'm[A] = 1048576' : 'm[A]++'} :: else fi`,
          ),
        );
      case 'wait-completion':
        this.event(at(op.at, 'assert(MAY_SLEEP)'));
        return this.event(
          at(op.at, 'assert(ALIVE(A)); if :: m[A] < 1048576 -> m[A]-- :: else fi'),
          `(IS_NULL(${v(op.at.base)}) || IS_OPAQUE(${v(op.at.base)}) || !ALIVE(${v(op.at.base)} + ${this.offset(op.at)}) || m[${v(op.at.base)} + ${this.offset(op.at)}] > 0)`,
        );
      case 'task-work.add':
        return taskAdd(this, scope, op);
      case 'task-work.run':
        return taskRun(this, scope, op);
      default:
        if (op.op.startsWith('percpu.')) return percpu(this, scope, op);
        throw new PromelaError(`${op.op} cannot be exported to Promela`);
    }
  }
}
