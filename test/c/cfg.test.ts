/** Control-flow graphs: the fixture's golden dump, and what the dump does not show. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { dumpCfg, parseUnit, statsOf } from '../../src/c/index.ts';
import { fixture, only, ops } from './support.ts';

test('nasty constructs have the graphs that were checked by hand', () => {
  const unit = parseUnit(fixture('nasty.c'), 'nasty.c');
  const dump = unit.functions.map((fn) => dumpCfg(fn)).join('\n');
  if (process.env.UPDATE_GOLDEN) writeFileSync(new URL('fixtures/nasty.cfg', import.meta.url), dump);
  assert.equal(dump, fixture('nasty.cfg'));
});

test('statistics count what is opaque: inline assembly and damaged text', () => {
  const stats = statsOf(parseUnit(fixture('nasty.c'), 'nasty.c'));
  assert.equal(stats.skippedFunctions, 0);
  assert.equal(stats.opaqueStatements, 2);
  assert.ok(stats.statements > 100);
});

test('every edge leads to a node, and branches have two', () => {
  for (const fn of parseUnit(fixture('nasty.c'), 'nasty.c').functions) {
    const { nodes, entry } = fn.cfg();
    assert.ok(nodes[entry], fn.name);
    for (const node of nodes) {
      for (const next of node.next) assert.ok(nodes[next], `${fn.name}: edge to ${next}`);
      const ways =
        node.instr.k === 'branch' || node.instr.k === 'iterate' ? 2 : node.instr.k === 'return' ? 0 : null;
      if (ways !== null) assert.equal(node.next.length, ways, `${fn.name}:${node.line} ${node.text}`);
    }
  }
});

test('nodes carry the line, column and text of what they came from', () => {
  const fn = only(
    'int f(struct s *p)\n{\n\tif (p &&\n\t    get(p))\n\t\tp->x = g(p,\n\t\t\t 1);\n\treturn 0;\n}\n',
  );
  const call = fn.cfg().nodes.find((n) => n.instr.k === 'call' && n.instr.callee === 'g')!;
  assert.deepEqual([call.line, call.column, call.endLine, call.text], [5, 3, 6, 'p->x = g(p, 1)']);
  const get = fn.cfg().nodes.find((n) => n.instr.k === 'call' && n.instr.callee === 'get')!;
  assert.deepEqual([get.line, get.column, get.text], [4, 6, 'get(p)']);
  assert.deepEqual([fn.line, fn.endLine], [1, 8]);
});

test('what a macro expands to is placed at its call, its arguments at their own lines', () => {
  const fn = only(
    '#define take(l, x) do { lock(l); use(x); unlock(l); } while (0)\nvoid f(struct s *p)\n{\n\ttake(&p->lock,\n\t     next(p));\n}\n',
  );
  const calls = fn
    .cfg()
    .nodes.filter((n) => n.instr.k === 'call')
    .map((n) => `${(n.instr as { callee: string }).callee} ${n.line}`);
  assert.deepEqual(calls, ['lock 4', 'next 5', 'use 4', 'unlock 4']);
});

test('a macro that is to be kept stays a call', () => {
  const text = '#define take(l) lock_it(l)\nvoid f(struct s *p)\n{\n\ttake(p);\n}\n';
  const calls = (keep: (name: string) => boolean): string[] =>
    parseUnit(text, 'x.c', { keep })
      .functions[0]!.cfg()
      .nodes.flatMap((n) => (n.instr.k === 'call' ? [String(n.instr.callee)] : []));
  assert.deepEqual(
    calls((name) => name === 'take'),
    ['take'],
  );
  assert.deepEqual(
    calls(() => false),
    ['lock_it'],
  );
});

test('a call is stored where its value goes', () => {
  assert.deepEqual(ops('void f(struct s *p)\n{\n\tint e = g(p);\n\tp->e = h(e);\n}\n'), [
    'declare e: int',
    'e = call g(p)',
    'p->e = call h(e)',
    'return -> end',
  ]);
});

test('a warning is its condition, a bug test ends the path', () => {
  assert.deepEqual(
    ops('int f(int x)\n{\n\tif (WARN_ON(!x))\n\t\treturn 1;\n\tBUG_ON(x == 3);\n\treturn 0;\n}\n'),
    ['if x -> 2 1', 'return 1 -> end', 'if (x == 3) -> 3 4', 'call BUG() -> end', 'return 0 -> end'],
  );
});

test('a goto out of a guarded scope runs its cleanup, a goto inside it does not', () => {
  const dump = ops(
    'void f(struct s *p)\n{\nagain:\n\tscoped_guard(mutex, &p->lock) {\nretry:\n\t\tif (a(p))\n\t\t\tgoto retry;\n\t\tif (b(p))\n\t\t\tgoto again;\n\t}\n}\n',
  );
  assert.deepEqual(dump, [
    'call mutex_lock(&p->lock)',
    '$1 = call a(p)',
    'if $1 -> 1 3',
    '$2 = call b(p)',
    'if $2 -> 5 6',
    'call mutex_unlock(&p->lock) -> 0',
    'call mutex_unlock(&p->lock)',
    'return -> end',
  ]);
});

test('a guard defined in the file is known by its definition', () => {
  const dump = ops(
    'DEFINE_GUARD(room, struct room *, enter_room(_T), leave_room(_T))\nvoid f(struct room *r)\n{\n\tguard(room)(r);\n\tuse(r);\n}\n',
  );
  assert.deepEqual(dump, ['call enter_room(r)', 'call use(r)', 'call leave_room(r)', 'return -> end']);
});

test('code after a dead end is not in the graph', () => {
  assert.deepEqual(ops('void f(void)\n{\n\tfor (;;)\n\t\twork();\n\tnever();\n}\n'), ['call work() -> 0']);
});

test('system calls are named by their first argument, the macro is told apart', () => {
  const fn = only('SYSCALL_DEFINE2(mysys, int, fd, char __user *, buf)\n{\n\treturn fd;\n}\n');
  assert.equal(fn.name, 'mysys');
  assert.equal(fn.macro, 'SYSCALL_DEFINE2');
  assert.equal(fn.heading, 'SYSCALL_DEFINE2(mysys, int, fd, char __user *, buf)');
  assert.deepEqual(fn.params, [
    { name: 'fd', type: 'int' },
    { name: 'buf', type: 'char *' },
  ]);
});

test('CLASS is made where it stands and unmade at the end of its scope', () => {
  const own = 'DEFINE_CLASS(room, struct room *, room_exit(_T), room_enter(n), int n)\n';
  const body =
    'int f(int n)\n{\n\tCLASS(room, r)(n + 1);\n\tif (!r)\n\t\treturn 1;\n\tuse(r);\n\treturn 0;\n}\n';
  const expected = (enter: string, leave: string): string[] => [
    'declare r: class_room_t',
    `r = call ${enter}((n + 1))`,
    'if r -> 6 3',
    '$1 = 1',
    `call ${leave}(r)`,
    'return $1 -> end',
    'call use(r)',
    '$2 = 0',
    `call ${leave}(r)`,
    'return $2 -> end',
  ];
  assert.deepEqual(ops(own + body), expected('room_enter', 'room_exit'));
  assert.deepEqual(ops(body), expected('class_room_constructor', 'class_room_destructor'));
});

test('what an iterator sets is read from its definition', () => {
  const iterate = (definition: string, use: string): string =>
    ops(
      `${definition}\nvoid f(struct s *h)\n{\n\tstruct s *p, *q;\n\tint n;\n\n\t${use}\n\t\tuse(p);\n}\n`,
    ).find((l) => l.startsWith('iterate'))!;
  assert.match(
    iterate(
      '#define for_each_s(h, p, n) for ((n) = 0, p = first(h); p; p = next(p), (n)++)',
      'for_each_s(h, p, n)',
    ),
    /sets \(p, n\)/,
  );
  assert.match(
    iterate(
      '#define for_each_pair(h, a, b) list_for_each_entry_safe((a), b, &(h)->list, link)',
      'for_each_pair(h, p, q)',
    ),
    /sets \(p, q\)/,
  );
  assert.match(iterate('', 'for_each_unknown(p, h)'), /sets \(p\)/);
});
