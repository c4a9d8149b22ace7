/**
 * Which macros are expanded: those whose body does something (calls, fields, assignments, control flow) and
 * that the rest of the front end does not treat by name. The reader of a unit adds names to keep.
 */
import { type Cursor, SYNTAX } from './cursor.ts';
import type { MacroText } from './directives.ts';
import type { CType } from './ir.ts';
import {
  ATTRIBUTES,
  ATTRIBUTES_WITH_ARGS,
  BUG_TESTS,
  DECLARING,
  DECLARING_PATTERN,
  ITERATOR_PATTERN,
  ITERATORS,
  MAYBE_PATTERN,
  NO_EFFECT,
  NORETURN,
  TRANSPARENT,
  WARNINGS,
} from './kernel-macros.ts';
import { Id } from './lex.ts';
import { isTypeKeyword, typeName } from './parse-type.ts';

/** Longer bodies stay calls. */
const MAX_BODY = 600;

/** Macros of the base headers that have a meaning of their own; their bodies would only hide it. */
const BASE =
  /^(?:container_of(?:_const)?|list_(?:\w+_)?entry(?:_\w+)?|hlist_entry\w*|rb_entry\w*|offsetof\w*|sizeof_\w+|ARRAY_SIZE|struct_size\w*|flex_array_size|(?:READ|WRITE)_ONCE|smp_\w+|rcu_\w+|srcu_\w+|call_rcu\w*|k[vz]?free_rcu\w*|x?chg\w*|(?:try_)?cmpxchg\w*|u?min\w*|u?max\w*|clamp\w*|swap|abs\w*|round\w*|DIV_\w+|ALIGN\w*|PTR_ALIGN\w*|IS_ALIGNED|BIT\w*|GENMASK\w*|IS_ERR\w*|PTR_ERR\w*|ERR_\w+|pr_\w+|dev_\w+|netdev_\w+|printk\w*|trace_\w+|no_printk|(?:in|out)[bwl]|this_cpu_\w+|raw_cpu_\w+|__this_cpu_\w+|per_cpu\w*|raw_cpu_ptr|get_cpu\w*|put_cpu\w*|current|(?:get|put|__get|__put)_user\w*|unsafe_\w+|user_\w+|wait_event\w*|wait_on_\w+|wake_up\w*|(?:raw_)?(?:spin|read|write)_\w+|mutex_\w+|down_\w+|up_\w+|local_\w+|seq\w*_\w+|preempt_\w+|might_\w+|lockdep_\w+|assert_\w+|\w+_assert_\w+|cond_resched\w*|INIT_\w+|init_\w+|(?:alloc|kmem|kmalloc|kzalloc|kvmalloc|vmalloc|kcalloc)\w*|static_\w+|EXPORT_\w+|MODULE_\w+|for_\w+|typecheck|fallthrough|ACCESS_PRIVATE|kthread_(?:run|create)\w*|queue_work|module_\w+|__\w*_initcall|BUILD_BUG\w*|atomic\w*|refcount_\w+|kref_\w+|get_random\w*|hash_\w+|xa_\w+|xas_\w+|timer_setup\w*|from_timer|setup_timer\w*|IS_(?:ENABLED|BUILTIN|MODULE|REACHABLE)|__is_defined|_*(?:test_and_)?(?:set|clear|change|test|assign)_bit\w*|bitop|mem(?:cpy|set|move|cmp|zero)\w*|str[nlcr]?\w*cpy\w*|alloc_hooks|nodes?_\w+|cpumask_\w+|bitmap_\w+|NULL|true|false|__free|no_free_ptr|return_ptr|guard|scoped_\w+|CLASS|DEFINE_\w+|set_current_state|__set_current_state|set_special_state)$/;

/** Words of the language, which debugging configurations redefine. */
const WORDS =
  /^(?:if|else|for|while|do|switch|case|default|return|goto|break|continue|sizeof|inline|static|const|struct|union|enum|typeof|asm|__\w*inline\w*)$/;

/** Can `macro` be expanded with profit? */
export function expands(macro: MacroText): boolean {
  const { name, body, params } = macro;
  if (body === '' || body.length > MAX_BODY || BASE.test(name) || WORDS.test(name)) return false;
  if (
    ATTRIBUTES.has(name) ||
    ATTRIBUTES_WITH_ARGS.has(name) ||
    ITERATORS.has(name) ||
    ITERATOR_PATTERN.test(name) ||
    TRANSPARENT.has(name) ||
    WARNINGS.has(name) ||
    BUG_TESTS.has(name) ||
    NORETURN.has(name) ||
    NO_EFFECT.has(name) ||
    DECLARING.has(name) ||
    (DECLARING_PATTERN.test(name) && name !== 'DECLARE_FLEX_ARRAY') ||
    MAYBE_PATTERN.test(name)
  )
    return false;
  if (
    /\b(?:asm|__asm__|_Generic|__builtin_\w+|_Static_assert|static_assert|__same_type|__auto_type)\b/.test(
      body,
    )
  )
    return false;
  if (/^(?:struct|union|enum|const|unsigned|static|typedef)\b/.test(body) && params === null) return false;
  const does = /->|\w\s*\(|[^=!<>]=[^=]|\b(?:if|for|while|do|goto|return)\b|\.\w/.test(body);
  if (params !== null) return does;
  // Object-like: only what hides a call or a field; constants keep their names.
  if (name === body || !/^[^"]*$/.test(body)) return false;
  return (
    /->|[a-z_]\w*\s*\(|\breturn\b|\bgoto\b/.test(body) &&
    !/^\(?\s*\(?\w+_t\)?|^\d/.test(body) &&
    !/^[A-Z0-9_]+$/.test(name)
  );
}

/** The variable that a declaration macro at the cursor declares, null when it is none. */
export function declaredByMacro(c: Cursor): { name: string; type: CType } | null {
  while (c.token.kind === Id && (c.is('static') || c.is('extern') || isTypeKeyword(c.text))) c.next();
  const macro = c.text;
  const rule = DECLARING.get(macro) ?? (DECLARING_PATTERN.test(macro) ? { name: 0, type: '' } : null);
  if (!rule || rule.name < 0 || c.ahead(1).text !== '(') return null;
  c.next();
  const end = c.afterGroup(c.at) - 1;
  c.next();
  const args: { name: string; type: string }[] = [];
  while (c.at < end) {
    const start = c.at;
    const name = c.token.kind === Id ? c.text : '';
    let type = name;
    try {
      type = typeName(c);
    } catch (error) {
      if (error !== SYNTAX) throw error;
    }
    c.at = Math.max(c.at, start);
    args.push({ name, type });
    while (c.at < end && !c.is(',')) {
      if (c.is('(') || c.is('[') || c.is('{')) c.at = c.afterGroup(c.at);
      else c.next();
    }
    if (!c.accept(',')) break;
  }
  const named = args[rule.name];
  if (!named?.name) return null;
  return { name: named.name, type: rule.type.replace('$0', args[0]!.type) };
}
