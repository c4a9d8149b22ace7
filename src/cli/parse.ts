/**
 * `lockstep parse`: shows what was understood of files and functions, as text or JSON.
 *
 * Without a mode it gives an overview. `--cfg` shows control flow, `--ops` the sliced operations, `--summary` what
 * callers see, `--stats` how much was understood. Nothing is checked here.
 */
import type { CFunction, CNode } from '../c/index.ts';
import { addStats, type Contract, dumpCfg, type Stats, statsOf } from '../c/index.ts';
import { Callees, dumpOps, dumpSummary, lower, opLines, slice } from '../extract/index.ts';
import { InputError } from '../patch/index.ts';
import { type Named, Understanding } from './understand.ts';

export interface ParseOptions {
  tree?: string;
  config?: string;
  ops?: true;
  cfg?: true;
  summary?: true;
  stats?: true;
  format: 'text' | 'json';
}

const MODES = ['ops', 'cfg', 'summary', 'stats'] as const;
type Mode = (typeof MODES)[number] | 'overview';

/** Runs the command; throws InputError for what is not there. */
export function parse(words: string[], options: ParseOptions): void {
  const modes = MODES.filter((mode) => options[mode] === true);
  if (modes.length > 1) throw new InputError(`--${modes[1]}`, 0, `cannot be combined with --${modes[0]}`);
  const mode: Mode = modes[0] ?? 'overview';
  const understanding = new Understanding(options);
  if (mode === 'stats') {
    write(options, ...stats(understanding, words));
    return;
  }
  if (words.length > 1) throw new InputError(words[1]!, 0, 'only --stats takes more than one file');
  const named = understanding.find(words[0]!);
  if (named.also.length > 0 && mode !== 'overview')
    process.stderr.write(
      `${words[0]}: taking ${named.unit.path}:${named.fn!.line}; also in ${named.also.join(', ')}\n`,
    );
  write(options, ...VIEWS[mode](understanding, named));
}

/** A view as JSON and as text; the text is only made when it is wanted. */
type View = [json: () => unknown, text: () => string];

const VIEWS: Record<Exclude<Mode, 'stats'>, (u: Understanding, n: Named) => View> = {
  overview,
  cfg: (_, named) => [
    () => shown(named).map((fn) => ({ ...place(fn), nodes: fn.cfg().nodes.map(nodeOf) })),
    () => shown(named).map(dumpCfg).join('\n'),
  ],
  ops: (understanding, named) => {
    const context = understanding.context(named.unit);
    const routines = () => shown(named).map((fn) => ({ fn, routine: slice(lower(fn, context).routine) }));
    return [
      () => routines().map(({ fn, routine }) => ({ ...place(fn), operations: opLines(routine) })),
      () =>
        routines()
          .map(({ routine }) => dumpOps(routine))
          .join('\n'),
    ];
  },
  summary: (understanding, named) => {
    const context = understanding.context(named.unit);
    const callees = new Callees();
    const all = () => shown(named).map((fn) => ({ fn, summary: callees.summary(fn, context) }));
    return [
      () => all().map(({ fn, summary }) => ({ ...place(fn), summary })),
      () =>
        all()
          .map(({ fn, summary }) => {
            if (summary === null) return `${fn.name}: nothing is known; a call of it is assumed harmless\n`;
            if (summary === 'opaque')
              return `${fn.name}: takes or drops locks in ways that are not known; callers know nothing of locks after it\n`;
            return dumpSummary(
              summary,
              fn.params.map((p) => p.name),
            );
          })
          .join('\n'),
    ];
  },
};

/** A node's line and text are worked out when they are asked for. */
function nodeOf({ instr, line, column, endLine, text, next }: CNode): CNode {
  return { instr, line, column, endLine, text, next };
}

function shown({ unit, fn }: Named): CFunction[] {
  return fn === null ? unit.functions : [fn];
}

function place(fn: CFunction): { function: string; file: string; line: number } {
  return { function: fn.name, file: fn.file, line: fn.line };
}

function overview(understanding: Understanding, named: Named): View {
  const { unit } = named;
  const context = understanding.context(unit);
  const functions = shown(named).map((fn) => {
    const counts = fn.counts();
    const lowered = named.fn === null ? null : lower(fn, context);
    return {
      name: fn.name,
      line: fn.line,
      endLine: fn.endLine,
      returnType: fn.returnType,
      params: fn.params,
      static: fn.isStatic,
      macro: fn.macro,
      damaged: fn.damaged,
      contracts: fn.contracts,
      statements: counts.statements,
      opaqueStatements: counts.opaque,
      ...(lowered === null
        ? {}
        : {
            operations: {
              all: lowered.routine.code.length,
              kept: slice(lowered.routine).code.length,
              unknownCalls: lowered.unknownCalls,
            },
          }),
    };
  });
  const { problems } = unit;
  const view = { file: unit.path, functions, problems, ...(named.fn === null ? {} : { also: named.also }) };
  return [
    () => view,
    () => {
      const lines = functions.flatMap((f) => {
        const head = `${unit.path}:${f.line}: ${f.macro === '' ? '' : `${f.macro} `}${signature(f)}`;
        const marks = [
          `${f.endLine - f.line + 1} lines`,
          `${f.statements} statements`,
          ...(f.opaqueStatements > 0 ? [`${f.opaqueStatements} opaque`] : []),
          ...(f.damaged ? ['damaged: its extent is a guess'] : []),
        ];
        const details = f.contracts.map((c) => `  ${describeContract(c)} (line ${c.line})`);
        if (f.operations !== undefined) {
          const { all, kept, unknownCalls } = f.operations;
          details.push(`  ${all} operations, ${kept} of them kept`);
          if (unknownCalls.length > 0) details.push(`  assumed harmless: ${unknownCalls.join(', ')}`);
        }
        return [`${head}: ${marks.join(', ')}`, ...details];
      });
      const trouble = problems.map((p) => `${unit.path}:${p.line}: ${p.text}`);
      const also = named.also.map((where) => `also in ${where}`);
      return [...lines, ...trouble, ...also, ''].join('\n');
    },
  ];
}

function signature(f: { returnType: string; name: string; params: CFunction['params'] }): string {
  const gap = f.returnType === '' || f.returnType.endsWith('*') ? '' : ' ';
  const params = f.params.map((p) => `${p.type}${p.type.endsWith('*') ? '' : ' '}${p.name}`.trim());
  return `${f.returnType}${gap}${f.name}(${params.join(', ')})`;
}

/** A contract in words. */
export function describeContract({ kind, lock, mode }: Contract): string {
  const of = `${lock}${mode === '' ? '' : ` (${mode})`}`;
  switch (kind) {
    case 'must-hold':
      return `must be called with ${of} held`;
    case 'acquires':
      return `returns with ${of} taken`;
    case 'releases':
      return `returns with ${of} dropped`;
    case 'asserts-held':
      return `asserts that ${of} is held`;
    case 'may-sleep':
      return 'may sleep';
  }
}

function stats(understanding: Understanding, words: string[]): View {
  const files = [...new Set(words.flatMap((word) => understanding.files(word)))].map((path) => ({
    path,
    ...statsOf(understanding.parse(path)),
  }));
  const none: Stats = { functions: 0, skippedFunctions: 0, statements: 0, opaqueStatements: 0 };
  const { functions, skippedFunctions, statements, opaqueStatements } = files.reduce(
    (sum: Stats, each) => addStats(sum, each),
    none,
  );
  const total = { functions, skippedFunctions, statements, opaqueStatements };
  const row = (name: string, s: Stats): string =>
    `${[s.functions, s.skippedFunctions, s.statements, s.opaqueStatements].map((n) => String(n).padStart(10)).join('')}  ${name}`;
  return [
    () => ({ ...total, files }),
    () =>
      [
        ' functions   skipped statements    opaque',
        ...files.map((f) => row(f.path, f)),
        ...(files.length === 1 ? [] : [row(`${files.length} files`, total)]),
        '',
      ].join('\n'),
  ];
}

function write({ format }: ParseOptions, json: () => unknown, text: () => string): void {
  process.stdout.write(format === 'json' ? `${JSON.stringify(json(), null, 2)}\n` : text());
}
