/**
 * What `guard(class)(…)` and `__free(class)` stand for, by class: the calls at their beginning and end.
 * Definitions met in a file (DEFINE_GUARD, DEFINE_LOCK_GUARD_0/1, DEFINE_FREE) come before this table.
 */

export interface GuardCalls {
  enter: string;
  leave: string;
  /** Extra arguments of both calls, e.g. the flags of an irqsave lock. */
  extra?: string;
  /** For conditional guards: entered when the call's result is non-zero ('true') or zero ('zero'). */
  entered?: 'true' | 'zero';
}

const pair = (enter: string, leave: string): GuardCalls => ({ enter, leave });

export const GUARDS: ReadonlyMap<string, GuardCalls> = new Map<string, GuardCalls>([
  ['mutex', pair('mutex_lock', 'mutex_unlock')],
  ['mutex_try', { ...pair('mutex_trylock', 'mutex_unlock'), entered: 'true' }],
  ['mutex_intr', { ...pair('mutex_lock_interruptible', 'mutex_unlock'), entered: 'zero' }],
  ['mutex_kill', { ...pair('mutex_lock_killable', 'mutex_unlock'), entered: 'zero' }],
  ['rwsem_read', pair('down_read', 'up_read')],
  ['rwsem_read_try', { ...pair('down_read_trylock', 'up_read'), entered: 'true' }],
  ['rwsem_read_intr', { ...pair('down_read_interruptible', 'up_read'), entered: 'zero' }],
  ['rwsem_write', pair('down_write', 'up_write')],
  ['rwsem_write_try', { ...pair('down_write_trylock', 'up_write'), entered: 'true' }],
  ['rwsem_write_kill', { ...pair('down_write_killable', 'up_write'), entered: 'zero' }],
  ['spinlock', pair('spin_lock', 'spin_unlock')],
  ['spinlock_try', { ...pair('spin_trylock', 'spin_unlock'), entered: 'true' }],
  ['spinlock_irq', pair('spin_lock_irq', 'spin_unlock_irq')],
  ['spinlock_bh', pair('spin_lock_bh', 'spin_unlock_bh')],
  ['spinlock_irqsave', { ...pair('spin_lock_irqsave', 'spin_unlock_irqrestore'), extra: 'flags' }],
  ['raw_spinlock', pair('raw_spin_lock', 'raw_spin_unlock')],
  ['raw_spinlock_try', { ...pair('raw_spin_trylock', 'raw_spin_unlock'), entered: 'true' }],
  ['raw_spinlock_nested', pair('raw_spin_lock', 'raw_spin_unlock')],
  ['raw_spinlock_irq', pair('raw_spin_lock_irq', 'raw_spin_unlock_irq')],
  [
    'raw_spinlock_irqsave',
    { ...pair('raw_spin_lock_irqsave', 'raw_spin_unlock_irqrestore'), extra: 'flags' },
  ],
  ['read_lock', pair('read_lock', 'read_unlock')],
  ['read_lock_irq', pair('read_lock_irq', 'read_unlock_irq')],
  ['read_lock_irqsave', { ...pair('read_lock_irqsave', 'read_unlock_irqrestore'), extra: 'flags' }],
  ['write_lock', pair('write_lock', 'write_unlock')],
  ['write_lock_irq', pair('write_lock_irq', 'write_unlock_irq')],
  ['write_lock_irqsave', { ...pair('write_lock_irqsave', 'write_unlock_irqrestore'), extra: 'flags' }],
  ['rcu', pair('rcu_read_lock', 'rcu_read_unlock')],
  ['rcu_tasks_trace', pair('rcu_read_lock_trace', 'rcu_read_unlock_trace')],
  ['srcu', { ...pair('srcu_read_lock', 'srcu_read_unlock'), extra: 'idx' }],
  ['preempt', pair('preempt_disable', 'preempt_enable')],
  ['preempt_notrace', pair('preempt_disable_notrace', 'preempt_enable_notrace')],
  ['migrate', pair('migrate_disable', 'migrate_enable')],
  ['pagefault', pair('pagefault_disable', 'pagefault_enable')],
  ['irq', pair('local_irq_disable', 'local_irq_enable')],
  ['irqsave', { ...pair('local_irq_save', 'local_irq_restore'), extra: 'flags' }],
  ['cpus_read_lock', pair('cpus_read_lock', 'cpus_read_unlock')],
  ['local_lock', pair('local_lock', 'local_unlock')],
  ['local_lock_irq', pair('local_lock_irq', 'local_unlock_irq')],
  ['percpu_read', pair('percpu_down_read', 'percpu_up_read')],
  ['percpu_write', pair('percpu_down_write', 'percpu_up_write')],
  ['task_rq_lock', pair('task_rq_lock', 'task_rq_unlock')],
  ['device', pair('device_lock', 'device_unlock')],
]);

/** The function that `__free(class)` calls, where it is not the class itself. */
export const FREES: ReadonlyMap<string, string> = new Map([
  ['put_task', 'put_task_struct'],
  ['bitmap', 'bitmap_free'],
  ['firmware', 'release_firmware'],
]);

/**
 * The calls that a DEFINE_GUARD, DEFINE_LOCK_GUARD_0/1, DEFINE_FREE or DEFINE_CLASS stands for; null when it
 * is of the other kind.
 */
export function cleanupCalls(kind: 'guard' | 'free', text: string): { enter: string; leave: string } | null {
  const macro = /^\s*(\w+)\s*\(/.exec(text);
  if (!macro) return null;
  const args = splitTopLevel(text.slice(macro[0].length, text.lastIndexOf(')')));
  const last = (part: string | undefined): string => {
    const calls = [...(part ?? '').matchAll(/\b([a-z_]\w*)\s*\(/g)].map((m) => m[1]!);
    return calls.filter((c) => !/^(?:if|likely|unlikely|sizeof)$/.test(c)).pop() ?? '';
  };
  switch (macro[1]) {
    case 'DEFINE_GUARD':
    case 'DEFINE_LOCK_GUARD_1':
      return kind === 'guard' ? { enter: last(args[2]), leave: last(args[3]) } : null;
    case 'DEFINE_LOCK_GUARD_0':
      return kind === 'guard' ? { enter: last(args[1]), leave: last(args[2]) } : null;
    case 'DEFINE_FREE':
      return kind === 'free' ? { enter: '', leave: last(args[2]) } : null;
    case 'DEFINE_CLASS':
      return kind === 'free' ? { enter: last(args[3]), leave: last(args[2]) } : null;
    default:
      return null;
  }
}

/** The parts of a text between the commas that are in no parentheses. */
export function splitTopLevel(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '(' || c === '{') depth++;
    else if (c === ')' || c === '}') depth--;
    else if (c === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
