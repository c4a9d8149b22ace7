/**
 * Makes a piece of a file readable: what must stand before it (a head, blocks that are not visible) and after
 * it (closing braces), and what of it cannot be read (the rest of a statement that began above).
 */
import type { Config } from './config.ts';
import { inactiveRanges } from './directives.ts';
import type { Piece } from './fragments.ts';
import { Eof, Id, lex, type Token } from './lex.ts';

export interface Repaired {
  before: string;
  text: string;
  after: string;
  /** The text begins inside a function's body. */
  inside: boolean;
}

const FUNCTION_HEADING = /^(?:[A-Za-z_][^;={}]*\b)?[A-Za-z_]\w*\s*\(/;
const STRUCT_HEADING = /^(?:typedef\s+)?(?:static\s+|const\s+)*(?:struct|union|enum)\b[\w\s]*\{?\s*$/;
const INITIALISER_HEADING = /=\s*\{?\s*$/;

/** Repairs one piece. */
export function repair(piece: Piece, config: Config): Repaired {
  const comment = opensInComment(piece.text) ? '/*' : '';
  // The rest of a macro's definition, whose lines end in backslashes.
  const macroRest = /^(?!\s*#)(?:[^\n]*\\\n)+[^\n]*/.exec(piece.text)?.[0] ?? '';
  const opened = comment + macroRest.replace(/[^\n]/g, ' ') + piece.text.slice(macroRest.length);
  const { ranges, open } = inactiveRanges(opened, config);
  let tokens = lex(opened, 0, opened.length, ranges);
  let skipped = 0;
  let control = '';
  const rest = statementRest(tokens, FUNCTION_HEADING.test(piece.heading));
  if (rest) {
    skipped = rest.token.text === ';' ? rest.token.end : rest.token.pos;
    control = rest.token.text === '{' ? 'if (__unseen) ' : '';
    tokens = tokens.filter((t) => t.pos >= skipped);
  }
  const shape = measure(tokens);
  const kept = shape.cutAt < 0 ? opened : opened.slice(0, Math.max(skipped, shape.cutAt));
  const text =
    kept.slice(0, skipped).replace(/[^\n]/g, ' ').slice(comment.length) +
    kept.slice(Math.max(skipped, comment.length));
  // Nothing that could be read is left: a comment and a head without its end.
  if (text.trim() === '') return { before: '', text, after: '', inside: false };
  const start = opening({ ...piece, text: opened }, tokens, shape, rest !== null);
  if (start.inside) control ||= firstJump(tokens) ? 'if (__unseen) ' : '';
  const close = [...shape.open].reverse().map((o) => (o.isDo ? '} while (__unseen);' : '}'));
  const ends = close.join('') + '}'.repeat(start.unclosed) + (start.semicolon ? ';' : '');
  const shown = (skipped ? '' : comment) + text;
  const inComment = shown.lastIndexOf('/*') > shown.lastIndexOf('*/') ? '*/' : '';
  const after = `${inComment}\n${'#endif\n'.repeat(open)}${ends}\n`;
  return { before: start.text + (skipped ? '' : comment) + control, text, after, inside: start.inside };
}

/**
 * The piece begins in the middle of a statement: the token that ends it, or opens its body. Null when it
 * does not, or when what is begun is a function's head.
 */
function statementRest(tokens: Token[], mayBeHead: boolean): { token: Token } | null {
  const first = tokens[0]!;
  const operator = /^(?:&&|\|\||[|&^%/<>?:,)+=]|==|!=|<=|>=|<<|>>|->|-)$/.test(first.text);
  let depth = 0;
  let unmatched = false;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.kind === Eof) return null;
    const text = token.text;
    if (text === '(' || text === '[') depth++;
    else if (text === ')' || text === ']') {
      if (depth > 0) depth--;
      else if (unmatched || !mayBeHead || operator || !parameterRest(tokens, i)) unmatched = true;
      else return null;
    } else if (depth === 0 && (text === ';' || text === '{' || text === '}')) {
      if (!unmatched && !operator) return null;
      return text === '}' ? null : { token };
    }
  }
  return null;
}

/** Do the tokens before index `end` read as parameters (`struct foo *x, int y`)? */
function parameterRest(tokens: Token[], end: number): boolean {
  const last = tokens[end - 1];
  const before = tokens[end - 2];
  if (!last || last.kind !== Id) return false;
  if (!before) return false;
  return before.kind === Id || before.text === '*';
}

/** A jump that something invisible guards: text follows it on its own level. */
function firstJump(tokens: Token[]): boolean {
  if (!/^(?:goto|return|break|continue)$/.test(tokens[0]!.text)) return false;
  const end = tokens.findIndex((t) => t.text === ';');
  const next = tokens[end + 1];
  return (
    end > 0 &&
    next !== undefined &&
    next.kind !== Eof &&
    next.text !== '}' &&
    !/^(?:case|default)$/.test(next.text)
  );
}

/** Does the text begin in the middle of a comment? */
function opensInComment(text: string): boolean {
  const close = text.indexOf('*/');
  const open = text.indexOf('/*');
  if (close >= 0 && (open < 0 || close < open)) return true;
  return open < 0 && close < 0 && /^\s*\*(?:\s|$)/.test(text);
}

interface Level {
  /** Seen at this level: what a block that is not visible must be. */
  hasCase: boolean;
  hasBreak: boolean;
  /** The word after the closing brace that ends the level. */
  closer: string;
}

interface Shape {
  /** Levels that the text closes without opening them, innermost first; the last one is never closed. */
  levels: Level[];
  /** Index of the token after the last brace that closes what the text did not open; 0 when none does. */
  afterClose: number;
  /** Braces that are open at the end. */
  open: { isDo: boolean }[];
  /** Offset from which a statement is incomplete, −1 when none is. */
  cutAt: number;
  /** A closing parenthesis comes before anything opens it: a head's rest. */
  headRest: boolean;
}

function measure(tokens: Token[]): Shape {
  let level: Level = { hasCase: false, hasBreak: false, closer: '' };
  const levels = [level];
  const open: { isDo: boolean; loops: boolean }[] = [];
  let parens = 0;
  let headRest = false;
  let boundary = -1;
  let loopHead = false;
  let afterClose = 0;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.kind === Eof) break;
    const text = token.text;
    if (token.kind === Id) {
      if (text === 'case' || text === 'default') {
        if (open.length === 0) level.hasCase = true;
      } else if (text === 'break' || text === 'continue') {
        if (!open.some((o) => o.loops) && !loopHead) level.hasBreak = true;
      } else if (/^(?:for|while|do|switch)$/.test(text) || /for_each/.test(text)) loopHead = true;
      continue;
    }
    if (text === '(') parens++;
    else if (text === ')') {
      if (parens === 0) headRest ||= boundary < 0;
      else parens--;
    } else if (parens === 0 || text === '{' || text === '}') {
      if (text === '{') {
        // Inside parentheses it is a statement expression, which counts all the same.
        open.push({ isDo: tokens[i - 1]?.text === 'do', loops: loopHead });
        loopHead = false;
      } else if (text === '}') {
        if (open.length) open.pop();
        else {
          level.closer = tokens[i + 1]?.text ?? '';
          afterClose = i + 1;
          level = { hasCase: false, hasBreak: false, closer: '' };
          levels.push(level);
        }
      } else if (text === ';') loopHead = false;
      if (text === ';' || text === '{' || text === '}') {
        boundary = token.end;
      }
    }
  }
  const last = tokens[tokens.length - 2];
  // A statement without its end; a head without its body (`if (x)`) can be read.
  const incomplete = last !== undefined && last.pos >= boundary && !/^(?:[;{}):]|else|do)$/.test(last.text);
  const cutAt = parens > 0 || incomplete ? Math.max(0, boundary) : -1;
  return { levels, afterClose, open, cutAt, headRest };
}

interface Opening {
  text: string;
  /** Braces of `text` that the piece does not close. */
  unclosed: number;
  semicolon: boolean;
  inside: boolean;
}

const NOTHING: Opening = { text: '', unclosed: 0, semicolon: false, inside: false };

/** What has to stand before the piece so that it can be read. */
function opening(piece: Piece, tokens: Token[], shape: Shape, midStatement: boolean): Opening {
  const heading = piece.heading
    .replace(/\/\*.*$/, '')
    .replace(/\/\/.*$/, '')
    .trim();
  const first = tokens[0]!;
  const closed = shape.levels.length - 1;
  const isFunction = FUNCTION_HEADING.test(heading) && !INITIALISER_HEADING.test(heading);
  if (first.kind === Eof) return NOTHING;
  if (shape.headRest && isFunction) return { ...NOTHING, text: `${heading.replace(/\{$/, '')} ` };
  if (first.text === '{' && isFunction) return { ...NOTHING, text: `${closeHead(heading)} ` };
  if (closed === 0 && !midStatement && !inBody(tokens, heading)) return NOTHING;
  if (STRUCT_HEADING.test(heading) && !looksLikeStatements(tokens)) {
    const head = heading.endsWith('{') ? heading : `${heading} {`;
    return {
      text: `${head} ${'struct {'.repeat(Math.max(0, closed - 1))}`,
      unclosed: closed === 0 ? 1 : 0,
      semicolon: closed === 0,
      inside: false,
    };
  }
  const closer = closed > 0 ? shape.levels[closed - 1]!.closer : '';
  if (
    INITIALISER_HEADING.test(heading) &&
    (closer === ';' || (closed === 0 && !looksLikeStatements(tokens)))
  ) {
    return {
      text: `${heading.replace(/\{?$/, '')}${'{'.repeat(Math.max(1, closed))} `,
      unclosed: closed === 0 ? 1 : 0,
      semicolon: closed === 0,
      inside: false,
    };
  }
  if (first.text === '.' || (first.text === '[' && !isFunction)) {
    const depth = Math.max(1, closed);
    return {
      text: `static int unseen_data[] = ${'{'.repeat(depth)} `,
      unclosed: closed === 0 ? 1 : 0,
      semicolon: closed === 0,
      inside: false,
    };
  }
  const head = isFunction ? closeHead(heading) : 'void unseen_function(void)';
  // The outermost level is the function's body: closed by the last brace, or open to the end of the piece.
  const isOpen = closed === 0 || !endsFunction(piece.text, tokens, shape);
  const own = isOpen ? closed : closed - 1;
  const outer = isOpen ? wrap(shape.levels[own]!, false) : '';
  const blocks = [
    outer,
    ...shape.levels
      .slice(0, own)
      .reverse()
      .map((level) => wrap(level, true)),
  ];
  return {
    text: `${head} { ${blocks.filter(Boolean).join(' ')} `,
    unclosed: isOpen ? (outer ? 2 : 1) : 0,
    semicolon: false,
    inside: true,
  };
}

/** Does the last unmatched brace end the function, and not a block in it? */
function endsFunction(text: string, tokens: Token[], shape: Shape): boolean {
  const brace = tokens[shape.afterClose - 1]!;
  const closer = shape.levels[shape.levels.length - 2]!.closer;
  if (closer === 'else' || closer === 'while') return false;
  // Where there is indentation, the kernel's style decides.
  if (/^\t/m.test(text)) return /(?:^|\n)$/.test(text.slice(Math.max(0, brace.pos - 1), brace.pos));
  return !inBody(tokens.slice(shape.afterClose), '');
}

/** The opening of a block that is not visible, from what is seen of it. */
function wrap(level: Level, must: boolean): string {
  if (level.closer === 'else') return 'if (__unseen) {';
  if (level.hasCase) return 'switch (__unseen) {';
  if (level.closer === 'while') return 'do {';
  if (level.hasBreak) return 'while (__unseen) {';
  return must ? '{' : '';
}

/** A heading with its parameter list closed where the line was cut. */
function closeHead(heading: string): string {
  let text = heading.replace(/\{\s*$/, '').trim();
  let depth = 0;
  let lastComma = -1;
  let firstOpen = -1;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '(') {
      if (depth++ === 0) firstOpen = i;
    } else if (c === ')') depth--;
    else if (c === ',' && depth === 1) lastComma = i;
  }
  if (depth <= 0) return text;
  // Cut within a parameter, it is dropped; cut after a comma, the list ends there.
  if (text.endsWith(',')) text = text.slice(0, -1);
  else if (
    /\b(?:struct|unsigned|const|union|enum)\s*$|[\w*]$/.test(text) &&
    !/\w\s*\*?\s*\w+$/.test(text.slice(firstOpen))
  )
    text = text.slice(0, Math.max(lastComma, firstOpen + 1));
  return text + ')'.repeat(depth);
}

const CONTROL = /^(?:if|for|while|do|switch|return|goto|break|continue|case|default|else)$/;
const TOP_LEVEL =
  /^(?:static|extern|typedef|EXPORT_SYMBOL\w*|(?:core|early|module)_\w+|MODULE_\w+|__setup\w*|\w+_(?:initcall|param)|DEFINE_\w+)$/;

/** Does the piece, balanced as it is, begin inside a function's body? The first clear sign decides. */
function inBody(tokens: Token[], heading: string): boolean {
  let start = 0;
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.kind === Eof || (depth === 0 && (token.text === ';' || token.text === '{'))) {
      const sign = chunkSign(tokens.slice(start, i), token.text);
      if (sign !== 0) return sign > 0;
    }
    if (token.text === '(' || token.text === '{' || token.text === '[') depth++;
    else if (token.text === ')' || token.text === '}' || token.text === ']') depth = Math.max(0, depth - 1);
    if (depth === 0 && (token.text === ';' || token.text === '}')) start = i + 1;
  }
  return FUNCTION_HEADING.test(heading) || STRUCT_HEADING.test(heading) || INITIALISER_HEADING.test(heading);
}

/** 1: a statement of a body; −1: something at file level; 0: could be either. */
function chunkSign(chunk: Token[], end: string): number {
  const [first, second] = chunk;
  if (!first) return 0;
  if (CONTROL.test(first.text)) return 1;
  if (TOP_LEVEL.test(first.text)) return -1;
  if (
    first.text === '*' ||
    first.text === '++' ||
    first.text === '--' ||
    first.text === '(' ||
    first.text === '.'
  )
    return 1;
  if (first.kind !== Id || !second) return 0;
  if (/^(?:struct|union|enum)$/.test(first.text) && end === '{' && chunk.length === 2) return -1;
  if (second.text === ':') return 1;
  if (/^(?:->|\.|\[|\+\+|--|[-+|&^*/%]?=|<<=|>>=)$/.test(second.text)) return 1;
  if (second.text === '(') {
    if (end === ';') return /^[a-z_]/.test(first.text) ? 1 : 0;
    return /for_each|^guard$|^scoped_guard$/.test(first.text) ? 1 : 0;
  }
  // `type name(…) {`: a definition; `type name = call(…);`: only a body calls.
  if (end === '{' && chunk.some((t) => t.text === '(') && !chunk.some((t) => t.text === '=')) return -1;
  const equals = chunk.findIndex((t) => t.text === '=');
  if (equals > 0 && end === ';') {
    const rest = chunk.slice(equals);
    if (rest.some((t) => t.text === '->')) return 1;
    if (rest.some((t, i) => t.text === '(' && rest[i - 1]?.kind === Id && /^[a-z]/.test(rest[i - 1]!.text)))
      return 1;
  }
  return 0;
}

/** Under a struct's heading: members, or a function that follows it? */
function looksLikeStatements(tokens: Token[]): boolean {
  const end = tokens.findIndex((t) => t.text === ';' || t.text === '{');
  return end > 0 && chunkSign(tokens.slice(0, end), tokens[end]!.text) > 0;
}
