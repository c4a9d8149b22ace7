/**
 * Contracts stated in the source of a function: annotations in its head, assertions at its beginning, and
 * the kernel-doc comment above it. It reports what is written; what a lock is, the reader decides.
 */
import type { Ast, Stmt } from './ast.ts';
import type { Contract } from './ir.ts';
import { CONTRACT_ATTRIBUTES } from './kernel-macros.ts';
import { Id, type Token } from './lex.ts';
import { joinText } from './parse-type.ts';
import type { Source } from './source.ts';

/** `__must_hold(lock)`, `__acquires(lock)`, `__releases(lock)` in a head's tokens. */
export function headContracts(tokens: readonly Token[], source: Source): Contract[] {
  const found: Contract[] = [];
  for (let i = 0; i + 1 < tokens.length; i++) {
    const token = tokens[i]!;
    const rule = token.kind === Id ? CONTRACT_ATTRIBUTES.get(token.text) : undefined;
    if (!rule || tokens[i + 1]!.text !== '(') continue;
    let depth = 0;
    let end = i + 1;
    for (; end < tokens.length; end++) {
      if (tokens[end]!.text === '(') depth++;
      else if (tokens[end]!.text === ')' && --depth === 0) break;
    }
    const inner = tokens.slice(i + 2, end);
    // __cond_acquires(x, lock) and __must_hold(lock): the lock comes last.
    const comma = inner.findLastIndex((t) => t.text === ',');
    found.push({
      kind: rule.kind,
      lock: joinText(inner.slice(comma + 1)),
      mode: rule.shared ? 'shared' : '',
      line: source.lineAt(token.pos),
    });
  }
  return found;
}

const ASSERT_WRITE = /(?:_held_write|_write_locked|_locked_write|_held_exclusive)$|^rwsem_assert_held_write/;
const ASSERT_READ = /_held_read$/;
const ASSERTS =
  /^(?:lockdep_assert_(?:held\w*|RT_in_threaded_ctx|cpus_held|in_rcu_\w+|in_softirq|irqs_(?:disabled|enabled)|preemption_disabled|preemption_enabled|rq_held|none_held_once)|(?:mmap|vma|anon_vma|i_mmap|rwsem|hugetlb_vma)_assert_(?:write_)?(?:locked|held\w*)|mmap_assert_\w+|vma_assert_\w+|assert_spin_locked|assert_raw_spin_locked|(?:raw_)?assert_spin_locked|rcu_lockdep_assert|lockdep_assert)$/;
const SLEEPS = /^(?:might_sleep|might_lock\w*|__might_sleep|might_fault|might_alloc|cant_sleep)$/;

/** Assertions among the statements that every call runs first: up to the first branch. */
export function bodyContracts(body: Stmt, source: Source): Contract[] {
  const found: Contract[] = [];
  if (body.k !== 'block') return found;
  for (const s of body.items) {
    if (s.k === 'decl' || s.k === 'empty') continue;
    if (s.k !== 'expr') break;
    const e = s.e;
    if (e.k !== 'call' || e.fn.k !== 'id') continue;
    const name = e.fn.name;
    const line = source.lineAt(s.a.from?.pos ?? s.a.pos);
    const first = e.args[0];
    if (name === 'might_sleep' || name === '__might_sleep' || name === 'might_fault')
      found.push({ kind: 'may-sleep', lock: '', mode: '', line });
    else if (SLEEPS.test(name)) continue;
    else if (ASSERTS.test(name)) {
      const mode =
        ASSERT_WRITE.test(name) || /_write/.test(name) ? 'exclusive' : ASSERT_READ.test(name) ? 'shared' : '';
      const argument = first ? textOf(first, source) : '';
      const prefix = /^(mmap|vma|anon_vma|i_mmap|hugetlb_vma)_assert/.exec(name)?.[1];
      found.push({
        kind: 'asserts-held',
        lock: prefix ? `${prefix}_lock(${argument})` : argument || name,
        mode,
        line,
      });
    }
  }
  return found;
}

function textOf(e: Ast, source: Source): string {
  return source.slice(Math.min(e.a.pos, e.b.pos), e.b.end);
}

const HELD =
  /\b(?:must|should|shall|needs? to|has to|have to) (?:only |always )?be (?:called|entered|invoked|used)\b[^.;]{0,60}?\b(?:with|under|while holding|holding)\b([^.;]{1,80}?)\b(?:held|locked|lock taken|acquired)\b(?:\s+(?:for|in)\s+\w+(?: or \w+)?)?/i;
const CALLERS_HOLD =
  /\bcallers? (?:must|should|has to|have to|needs to|is expected to)?\s*holds?\b([^.;]{1,60})/i;
const LOCK_NAME = /&?[A-Za-z_][\w>.&-]*(?:->\w+|\.\w+|_lock|_sem|_mutex|lock|sem|ptl|mutex)\b(?:\(\))?/g;
/** A kind of lock, not a lock. */
const GENERIC = /^(?:read|write|spin|rw|page|raw)?_?(?:lock|mutex|sem)$/i;
const SLEEP_DOC =
  /\bContext:[^.]*\b(?:may|can|might) sleep\b|\bThis function (?:may|might|can) sleep\b|\bMay sleep\b/;

/** What the comment that ends just above the function says. */
export function commentContracts(comment: string, line: number): Contract[] {
  const found: Contract[] = [];
  const lines = comment.split('\n');
  const plain = comment.replace(/\n[ \t]*\*?[ \t]?/g, ' ');
  const at = (text: string): number => {
    const word = text.trim().split(/\s+/)[0] ?? '';
    const index = lines.findIndex((l) => word !== '' && l.includes(word));
    return line + Math.max(0, index);
  };
  for (const pattern of [HELD, CALLERS_HOLD]) {
    const match = pattern.exec(plain);
    if (!match) continue;
    // "must not be held", "with either a or b held": not a contract that one lock fulfils.
    if (/\b(?:not|no|without|never|either|or)\b/.test(match[1]!) || /\bnot\b/.test(match[0])) continue;
    const lock = [...match[1]!.matchAll(LOCK_NAME)].find((m) => !GENERIC.test(m[0]));
    if (!lock) continue;
    const reads = /\bread|\bshared\b/i.test(match[0]);
    const writes = /\bwrit|\bexclusive/i.test(match[0]);
    const mode = reads === writes ? '' : reads ? 'shared' : 'exclusive';
    found.push({ kind: 'must-hold', lock: lock[0], mode, line: at(lock[0]) });
    break;
  }
  if (SLEEP_DOC.test(plain)) found.push({ kind: 'may-sleep', lock: '', mode: '', line: at('sleep') });
  return found;
}
