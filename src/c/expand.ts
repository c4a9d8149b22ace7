/**
 * Macro expansion on tokens, for the macros that a policy picks (macro-policy.ts); all others stay calls.
 * Tokens that come out keep the place of the outermost call, arguments their own place.
 */
import type { MacroText } from './directives.ts';
import { Eof, Id, type Invocation, lex, Punct, Str, Token } from './lex.ts';
import { stripAttributes } from './strip.ts';

/** The macro to expand for a name, null to leave the name alone. */
export type Expansion = (name: string) => MacroText | null;

/** More tokens than this from one call: it is left alone. */
const MAX_TOKENS = 4000;
const MAX_NESTING = 12;

const bodies = new WeakMap<MacroText, Token[]>();

function bodyOf(macro: MacroText): Token[] {
  let tokens = bodies.get(macro);
  if (!tokens) {
    // A '#' at the start would read as a directive: there is none inside a body.
    tokens = lex(` ${macro.body}`, 1, macro.body.length + 1).slice(0, -1);
    if (macro.body.startsWith('#')) tokens = lex(`x ${macro.body}`, 0, macro.body.length + 2).slice(1, -1);
    tokens = stripAttributes(tokens);
    bodies.set(macro, tokens);
  }
  return tokens;
}

/** Expands what `pick` names in `tokens` (which end with Eof). */
export function expand(tokens: Token[], pick: Expansion): Token[] {
  let any = false;
  for (let i = 0; i < tokens.length && !any; i++)
    any = tokens[i]!.kind === Id && pick(tokens[i]!.text) !== null;
  return any ? expandList(tokens, pick, null, new Set()) : tokens;
}

function expandList(tokens: Token[], pick: Expansion, from: Invocation | null, hidden: Set<string>): Token[] {
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const macro = token.kind === Id && !hidden.has(token.text) ? pick(token.text) : null;
    const before = tokens[i - 1]?.text;
    // A member of that name is no macro call.
    if (!macro || before === '->' || before === '.' || hidden.size > MAX_NESTING) {
      out.push(token);
      continue;
    }
    let end = i + 1;
    let args: Token[][] = [];
    if (macro.params) {
      if (tokens[i + 1]?.text !== '(') {
        out.push(token);
        continue;
      }
      const split = splitArguments(tokens, i + 1);
      if (!split) {
        out.push(token);
        continue;
      }
      args = split.args;
      end = split.end;
    }
    const place = from ?? token.from ?? { pos: token.pos, end: tokens[end - 1]!.end };
    const made = substitute(macro, args, place, pick, hidden);
    if (!made || made.length > MAX_TOKENS) {
      out.push(token);
      continue;
    }
    hidden.add(token.text);
    const expanded = expandList(made, pick, place, hidden);
    hidden.delete(token.text);
    if (expanded[0] && token.fresh) expanded[0] = copy(expanded[0], place, expanded[0].arg, true);
    for (const t of expanded) out.push(t);
    i = end - 1;
  }
  return out;
}

function splitArguments(tokens: Token[], open: number): { args: Token[][]; end: number } | null {
  const args: Token[][] = [];
  let current: Token[] = [];
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.kind === Eof) return null;
    const text = token.kind === Punct ? token.text : '';
    if (text === '(' || text === '[' || text === '{') {
      if (depth++ === 0) continue;
    } else if (text === ')' || text === ']' || text === '}') {
      if (--depth === 0) {
        if (current.length || args.length) args.push(current);
        return { args, end: i + 1 };
      }
    } else if (text === ',' && depth === 1) {
      args.push(current);
      current = [];
      continue;
    }
    current.push(token);
  }
  return null;
}

function copy(token: Token, from: Invocation, arg: boolean, fresh: boolean): Token {
  const made = arg
    ? new Token(token.kind, token.text, token.pos, token.end, fresh)
    : new Token(token.kind, token.text, from.pos, from.end, fresh);
  made.from = from;
  made.arg = arg;
  return made;
}

/** The body with its parameters replaced; null when the call does not fit the definition. */
function substitute(
  macro: MacroText,
  args: Token[][],
  place: Invocation,
  pick: Expansion,
  hidden: Set<string>,
): Token[] | null {
  const params = macro.params ?? [];
  const last = params[params.length - 1];
  const variadic = last?.endsWith('...') ?? false;
  const rest = variadic ? (last === '...' ? '__VA_ARGS__' : last!.slice(0, -3).trim()) : '';
  const fixed = variadic ? params.length - 1 : params.length;
  if (args.length < fixed && !(fixed === 1 && args.length === 0)) return null;
  if (!variadic && args.length > fixed) return null;
  const given = new Map<string, Token[]>();
  for (let i = 0; i < fixed; i++) given.set(params[i]!, args[i] ?? []);
  if (variadic) {
    const joined: Token[] = [];
    for (let i = fixed; i < args.length; i++) {
      if (i > fixed) joined.push(new Token(Punct, ',', place.pos, place.end, false));
      joined.push(...args[i]!);
    }
    given.set(rest, joined);
  }
  const body = bodyOf(macro);
  const out: Token[] = [];
  let budget = MAX_TOKENS;
  for (let i = 0; i < body.length; i++) {
    const token = body[i]!;
    if (token.text === '##') continue;
    if (token.text === '#' && macro.params && given.has(body[i + 1]?.text ?? '')) {
      const text = given
        .get(body[++i]!.text)!
        .map((t) => t.text)
        .join(' ');
      out.push(copy(new Token(Str, JSON.stringify(text), 0, 0, false), place, false, false));
      continue;
    }
    const pasted = body[i - 1]?.text === '##';
    const pastes = body[i + 1]?.text === '##';
    const replacement = token.kind === Id ? given.get(token.text) : undefined;
    const piece: Token[] = [];
    if (replacement) {
      const expanded = pasted || pastes ? replacement : expandList(replacement, pick, null, hidden);
      budget -= expanded.length;
      if (budget < 0) return null;
      for (const t of expanded) piece.push(copy(t, place, true, false));
    } else piece.push(copy(token, place, false, false));
    if (pasted && out.length && out[out.length - 1]!.text === ',' && token.text === rest) {
      // `, ## args`: the comma goes when there are none.
      if (piece.length === 0) out.pop();
    } else if (pasted && out.length && piece.length) {
      const left = out.pop()!;
      const right = piece.shift()!;
      out.push(copy(new Token(left.kind, left.text + right.text, 0, 0, false), place, false, false));
    }
    out.push(...piece);
  }
  return out;
}
