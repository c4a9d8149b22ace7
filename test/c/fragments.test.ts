/** Pieces of files as hunks show them: whole functions, parts, damaged indentation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CFunction, dumpCfg, type Piece, parseFragments, parseUnit } from '../../src/c/index.ts';

const piece = (text: string, heading = '', startLine = 100): Piece => ({ text, heading, startLine });

function functions(...pieces: Piece[]): CFunction[] {
  const unit = parseFragments(pieces, 'mm/x.c');
  assert.deepEqual(unit.problems, []);
  return unit.functions;
}

function body(fn: CFunction): string[] {
  return dumpCfg(fn)
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/^ +\d+ +(\d+) +/, '$1 '));
}

test('a whole function in a hunk is complete, with the lines of the file', () => {
  const [fn, ...others] = functions(
    piece(
      '}\n\n/* Takes one. */\nstatic box *take(struct room *r)\n{\nstruct box *b;\n\nb = r->first;\nif (!b || tryget(b))\nb = NULL;\nreturn b;\n}\n\nstruct box *next(struct room *r)\n',
      'int before(void)',
    ),
  ).filter((f) => f.name === 'take');
  assert.deepEqual(others, []);
  assert.equal(fn!.complete, true);
  assert.deepEqual([fn!.line, fn!.endLine, fn!.returnType], [103, 111, 'box *']);
  assert.deepEqual(body(fn!), [
    '105 declare b: struct box *',
    '107 b = r->first',
    '108 if b -> 3 5',
    '108 $1 = call tryget(b)',
    '108 if $1 -> 5 6',
    '109 b = 0',
    '110 return b -> end',
  ]);
});

test('the end of a function is named by the heading, and knows that its beginning is not there', () => {
  const [fn] = functions(
    piece(
      '\tif (x)\n\t\tput(b);\n\tunlock(r);\n\treturn 0;\n}\n',
      'static int drop(struct room *r, struct box *b,',
    ),
  );
  assert.equal(fn!.name, 'drop');
  assert.equal(fn!.complete, false);
  assert.deepEqual(
    fn!.params.map((p) => p.name),
    ['r', 'b'],
  );
  assert.deepEqual([fn!.line, fn!.endLine], [100, 104]);
  assert.deepEqual(body(fn!), [
    '100 if x -> 1 2',
    '101 call put(b)',
    '102 call unlock(r)',
    '103 return 0 -> end',
  ]);
});

test('the beginning of a function leads out of the text', () => {
  const [fn] = functions(piece('int start(struct room *r)\n{\n\tlock(r);\n\tif (r->full)\n'));
  assert.equal(fn!.name, 'start');
  assert.equal(fn!.complete, false);
  assert.deepEqual(body(fn!), ['102 call lock(r)', '103 if r->full -> 2 2', '103 opaque … -> end']);
});

test('the middle of a function: invisible conditions, loops and labels', () => {
  const [fn] = functions(
    piece(
      '\t\tgoto fail;\n\n\t\tfirst(r);\n\t\tif (r->done)\n\t\t\tbreak;\n\t} else {\n\t\tsecond(r);\n\t}\n\tgoto out;\n',
      'int middle(struct room *r)',
    ),
  );
  assert.equal(fn!.complete, false);
  const lines = body(fn!);
  assert.ok(lines.some((l) => l.includes('if __unseen')));
  assert.ok(lines.some((l) => l.includes('call first(r)')));
  assert.ok(lines.some((l) => l.includes('call second(r)')));
  assert.ok(lines.some((l) => l.includes('opaque goto fail')));
  assert.ok(lines.some((l) => l.includes('opaque goto out')));
});

test('cases without their switch are reached from one that is not visible', () => {
  const [fn] = functions(
    piece(
      '\tcase A:\n\t\tone();\n\t\tbreak;\n\tcase B:\n\t\ttwo();\n\t}\n\treturn 0;\n}\n',
      'int choose(int x)',
    ),
  );
  const lines = body(fn!);
  assert.ok(lines.some((l) => /if \(__unseen == A\)/.test(l)));
  assert.ok(lines.some((l) => l.includes('call two()')));
});

test('a statement that began above the hunk is left out, not misread', () => {
  const [fn] = functions(
    piece(
      '\t\t\t GFP_KERNEL);\n\tif (err)\n\t\treturn err;\n\treturn 0;\n}\n',
      'static int grow(struct room *r)',
    ),
  );
  assert.equal(fn!.name, 'grow');
  assert.deepEqual(body(fn!), ['101 if err -> 1 2', '102 return err -> end', '103 return 0 -> end']);
});

test('a head that began above the hunk is completed from the heading', () => {
  const [fn] = functions(
    piece('\t\tint how)\n{\n\treturn how;\n}\n', 'static int with_rest(struct room *r,'),
  );
  assert.equal(fn!.name, 'with_rest');
  assert.equal(fn!.complete, true);
  assert.deepEqual(fn!.params, [
    { name: 'r', type: 'struct room *' },
    { name: 'how', type: 'int' },
  ]);
});

test('comments and structs that are cut are no functions', () => {
  const unit = parseFragments(
    [
      piece(' * which calls f() {\n * and more\n */\nint plain(void)\n{\n\treturn 1;\n}\n'),
      piece('\tint a;\n\tstruct box *b;\n\tunion {\n\t\tint c;\n\t} u;\n};\n', 'struct room {', 7),
    ],
    'x.h',
  );
  assert.deepEqual(
    unit.functions.map((f) => f.name),
    ['plain'],
  );
  assert.deepEqual(
    unit.structs.get('struct room')?.fields.map((f) => `${f.name} ${f.line}`),
    ['a 7', 'b 8', 'u 11'],
  );
});

test('a comment and a head that is cut are nothing', () => {
  const unit = parseFragments(
    [
      piece(
        ' * more words\n * (and some)\n */\nstruct box *find(struct room *r, unsigned long key,\n',
        'static void other(int x,',
      ),
    ],
    'x.c',
  );
  assert.deepEqual([unit.functions.length, unit.problems.length], [0, 0]);
});

test('any window of lines of a file can be read', () => {
  const text = [
    'static int one(struct room *r)',
    '{',
    '\tint err = 0;',
    '',
    '\tlock(r);',
    '\tswitch (r->kind) {',
    '\tcase 1:',
    '\t\tdo {',
    '\t\t\terr = step(r,',
    '\t\t\t\t   2);',
    '\t\t} while (!err);',
    '\t\tbreak;',
    '\tdefault:',
    '\t\tgoto out;',
    '\t}',
    '#ifdef CONFIG_NUMA',
    '\tnuma(r);',
    '#else',
    '\tflat(r);',
    '#endif',
    'out:',
    '\tunlock(r);',
    '\treturn err;',
    '}',
    '',
    'struct box { int a; };',
    '',
    'void two(void) { }',
  ];
  const whole = parseUnit(`${text.join('\n')}\n`, 'x.c').functions.map((f) => f.name);
  assert.deepEqual(whole, ['one', 'two']);
  for (let from = 0; from < text.length; from++) {
    for (let to = from + 1; to <= text.length; to++) {
      const heading = from > 1 && from < 24 ? text[0]! : '';
      const unit = parseFragments([piece(`${text.slice(from, to).join('\n')}\n`, heading, from + 1)], 'x.c');
      for (const fn of unit.functions) {
        assert.ok(
          fn.line >= from + 1 && fn.endLine <= to,
          `${from}-${to}: ${fn.name} ${fn.line}-${fn.endLine}`,
        );
        for (const node of fn.cfg().nodes) assert.ok(node.line > from && node.line <= to, `${from}-${to}`);
        if (from > 1 && from < 24) assert.match(fn.name, /^(?:one|two)$/, `${from}-${to}`);
      }
      const seen = unit.functions.flatMap((f) => f.cfg().nodes.map((n) => n.text)).join('\n');
      // What is wholly visible in a body is seen, whatever surrounds it.
      if (from <= 21 && to >= 23 && from > 1) assert.match(seen, /unlock\(r\)/, `${from}-${to}`);
    }
  }
});
