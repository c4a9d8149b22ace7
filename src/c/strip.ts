/** Drops attributes from a list of tokens: those in the tables, and `__attribute__` in any spelling. */
import { ATTRIBUTES, ATTRIBUTES_WITH_ARGS } from './kernel-macros.ts';
import { Id, type Token } from './lex.ts';

/** The tokens without attributes; the same list when there are none. */
export function stripAttributes(tokens: Token[]): Token[] {
  let out: Token[] | null = null;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.kind === Id && ATTRIBUTES.has(token.text)) {
      out ??= tokens.slice(0, i);
      continue;
    }
    if (token.kind === Id && tokens[i + 1]?.text === '(' && ATTRIBUTES_WITH_ARGS.has(token.text)) {
      out ??= tokens.slice(0, i);
      let depth = 0;
      for (i++; i < tokens.length - 1; i++) {
        if (tokens[i]!.text === '(') depth++;
        else if (tokens[i]!.text === ')' && --depth === 0) break;
      }
      // The list's last token is its end and stays.
      if (i === tokens.length - 1) i--;
      continue;
    }
    out?.push(token);
  }
  return out ?? tokens;
}
