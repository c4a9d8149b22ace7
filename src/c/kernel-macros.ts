/**
 * The kernel's macros that change what C's grammar sees, as tables: attributes, iterators, declarations,
 * calls that do not come back, assertions. Only syntax is here; what a function does is in `rules/`.
 */

/** Words that may stand anywhere in a declaration or statement and are dropped. */
export const ATTRIBUTES: ReadonlySet<string> = new Set(
  `__init __exit __initdata __exitdata __initconst __meminit __meminitdata __meminitconst __net_init
  __net_exit __net_initdata __ref __refdata __refconst __sched __lockfunc __kprobes notrace noinline
  noinline_for_stack asmlinkage asmlinkage_protect __visible __used __always_unused __maybe_unused
  __must_check __pure __attribute_const__ __read_mostly __ro_after_init __cacheline_aligned
  __cacheline_aligned_in_smp ____cacheline_aligned ____cacheline_aligned_in_smp
  ____cacheline_internodealigned_in_smp __page_aligned_data __page_aligned_bss __user __kernel __iomem
  __percpu __rcu __force __nocast __safe __private __weak __packed __cold __flatten __deprecated __noclone
  __noreturn __malloc __mode __latent_entropy __randomize_layout __no_randomize_layout __designated_init
  __bitwise __bitwise__ __no_sanitize_address __no_sanitize_thread __no_sanitize_memory
  __no_sanitize_or_inline __no_kasan_or_inline __no_kcsan __no_kmsan_checks __no_sanitize_undefined
  __no_sanitize_coverage __no_profile noinstr __noinstr_section __nocfi __noendbr __no_stack_protector
  __no_caller_saved_registers __nonstring __bpf_kfunc __naked __nosavedata __signed_wrap __ksym __seg_gs
  __seg_fs __initdata_memblock __initdata_or_module __init_or_module __initconst_or_module __init_memblock
  __initdata_or_meminfo __head __startup_64 nokprobe_inline __context_unsafe fastcall __extension__
  __restrict restrict __restrict__ __irq_entry __exception_irq_entry __softirq_entry __cpuidle
  __no_context_analysis __tracepoint_string _Noreturn __noscs __unused VISIBLE_IF_KUNIT
  __always_used`.split(/\s+/),
);

/** Attributes that take arguments; dropped with them (contracts are read from the text before that). */
export const ATTRIBUTES_WITH_ARGS: ReadonlySet<string> = new Set(
  `__attribute__ __attribute __must_hold __must_hold_shared __acquires __releases __acquires_shared
  __releases_shared __cond_acquires __cond_releases __printf __scanf __section __aligned __assume_aligned
  __alias __alloc_size __realloc_size __guarded_by __pt_guarded_by __counted_by __counted_by_le
  __counted_by_be __copy __compiletime_error __compiletime_warning __diagnose_as __nonnull
  __declspec _Alignas alignas`.split(/\s+/),
);

/** Attributes whose argument states a contract. */
export const CONTRACT_ATTRIBUTES: ReadonlyMap<
  string,
  { kind: 'must-hold' | 'acquires' | 'releases'; shared: boolean }
> = new Map([
  ['__must_hold', { kind: 'must-hold', shared: false }],
  ['__must_hold_shared', { kind: 'must-hold', shared: true }],
  ['__acquires', { kind: 'acquires', shared: false }],
  ['__acquires_shared', { kind: 'acquires', shared: true }],
  ['__cond_acquires', { kind: 'acquires', shared: false }],
  ['__releases', { kind: 'releases', shared: false }],
  ['__releases_shared', { kind: 'releases', shared: true }],
]);

/** Calls that return their (first) argument as a truth value or as it is: the lowering looks through them. */
export const TRANSPARENT: ReadonlySet<string> = new Set(
  `likely unlikely likely_notrace unlikely_notrace __builtin_expect data_race alloc_hooks`.split(/\s+/),
);

/** Tests that complain and go on: their value is their first argument's truth. */
export const WARNINGS: ReadonlySet<string> = new Set(
  `WARN_ON WARN_ON_ONCE WARN WARN_ONCE WARN_TAINT WARN_TAINT_ONCE WARN_RATELIMIT WARN_ON_RATELIMIT
  VM_WARN_ON VM_WARN_ON_ONCE VM_WARN_ON_ONCE_PAGE VM_WARN_ON_FOLIO VM_WARN_ON_ONCE_FOLIO
  VM_WARN_ON_ONCE_MM VM_WARN_ONCE VM_WARN VM_WARN_ON_VMG VM_WARN_ON_ONCE_VMA VM_WARN_ON_IRQS_ENABLED
  DEBUG_LOCKS_WARN_ON SCHED_WARN_ON RCU_LOCKDEP_WARN MT_WARN_ON MAS_WARN_ON MT_BUG_ON MAS_BUG_ON
  CHECK_DATA_CORRUPTION WARN_ON_SMP DEBUG_NET_WARN_ON_ONCE lockdep_assert`.split(/\s+/),
);

/** Warnings whose condition is not the first argument. */
export const WARNING_CONDITION: ReadonlyMap<string, number> = new Map([
  ['VM_WARN_ON_IRQS_ENABLED', -1],
  ['MT_WARN_ON', 1],
  ['MAS_WARN_ON', 1],
  ['MT_BUG_ON', 1],
  ['MAS_BUG_ON', 1],
]);

/** Tests that stop the machine when their first argument holds. */
export const BUG_TESTS: ReadonlySet<string> = new Set(
  `BUG_ON VM_BUG_ON VM_BUG_ON_PAGE VM_BUG_ON_FOLIO VM_BUG_ON_VMA VM_BUG_ON_MM VIRTUAL_BUG_ON`.split(/\s+/),
);

/** Calls that do not come back. */
export const NORETURN: ReadonlySet<string> = new Set(
  `BUG panic do_exit make_task_dead do_group_exit __builtin_unreachable unreachable nmi_panic do_task_dead
  kthread_exit kthread_complete_and_exit module_put_and_kthread_exit rewind_stack_and_make_dead
  __module_put_and_kthread_exit BUILD_BUG ____wrong_branch_error arch_cpu_idle_dead
  x86_64_start_reservations stop_this_cpu __stack_chk_fail cpu_startup_entry`.split(/\s+/),
);

/** Compile-time assertions and annotations with no run-time effect: dropped as statements. */
export const NO_EFFECT: ReadonlySet<string> = new Set(
  `BUILD_BUG_ON BUILD_BUG_ON_MSG BUILD_BUG_ON_INVALID BUILD_BUG_ON_NOT_POWER_OF_2 BUILD_BUG_ON_ZERO
  static_assert _Static_assert compiletime_assert compiletime_assert_atomic_type
  compiletime_assert_rwonce_type MAYBE_BUILD_BUG_ON __diag_push __diag_pop __diag_ignore __diag_ignore_all
  __diag_warn typecheck typecheck_fn typecheck_pointer instrumentation_begin instrumentation_end
  EXPORT_SYMBOL EXPORT_SYMBOL_GPL annotate_unreachable ASM_CALL_CONSTRAINT ANNOTATE_NOENDBR`.split(/\s+/),
);

/**
 * Statement macros that declare a variable: which argument is its name (−1: the last), and its type.
 * A type of `$n` is argument n. Prefix rules below catch the rest.
 */
export const DECLARING: ReadonlyMap<string, { name: number; type: string }> = new Map([
  ['LIST_HEAD', { name: 0, type: 'struct list_head' }],
  ['HLIST_HEAD', { name: 0, type: 'struct hlist_head' }],
  ['LLIST_HEAD', { name: 0, type: 'struct llist_head' }],
  ['BIO_EMPTY_LIST', { name: 0, type: 'struct bio_list' }],
  ['PLIST_HEAD', { name: 0, type: 'struct plist_head' }],
  ['RADIX_TREE', { name: 0, type: 'struct radix_tree_root' }],
  ['MA_STATE', { name: 0, type: 'struct ma_state' }],
  ['XA_STATE', { name: 0, type: 'struct xa_state' }],
  ['XA_STATE_ORDER', { name: 0, type: 'struct xa_state' }],
  ['VMA_ITERATOR', { name: 0, type: 'struct vma_iterator' }],
  ['NODEMASK_SCRATCH', { name: 0, type: 'struct nodemask_scratch *' }],
  ['NODEMASK_ALLOC', { name: 1, type: '$0 *' }],
  ['DECLARE_BITMAP', { name: 0, type: 'unsigned long []' }],
  ['DECLARE_WAITQUEUE', { name: 0, type: 'struct wait_queue_entry' }],
  ['DEFINE_WAIT', { name: 0, type: 'struct wait_queue_entry' }],
  ['DEFINE_WAIT_FUNC', { name: 0, type: 'struct wait_queue_entry' }],
  ['DEFINE_WAIT_BIT', { name: 0, type: 'struct wait_bit_queue_entry' }],
  ['DECLARE_WAIT_QUEUE_HEAD', { name: 0, type: 'struct wait_queue_head' }],
  ['DECLARE_WAIT_QUEUE_HEAD_ONSTACK', { name: 0, type: 'struct wait_queue_head' }],
  ['DECLARE_COMPLETION', { name: 0, type: 'struct completion' }],
  ['DECLARE_COMPLETION_ONSTACK', { name: 0, type: 'struct completion' }],
  ['DECLARE_WORK', { name: 0, type: 'struct work_struct' }],
  ['DECLARE_DELAYED_WORK', { name: 0, type: 'struct delayed_work' }],
  ['DEFINE_SPINLOCK', { name: 0, type: 'spinlock_t' }],
  ['DEFINE_RAW_SPINLOCK', { name: 0, type: 'raw_spinlock_t' }],
  ['DEFINE_RWLOCK', { name: 0, type: 'rwlock_t' }],
  ['DEFINE_MUTEX', { name: 0, type: 'struct mutex' }],
  ['DECLARE_RWSEM', { name: 0, type: 'struct rw_semaphore' }],
  ['DEFINE_STATIC_PERCPU_RWSEM', { name: 0, type: 'struct percpu_rw_semaphore' }],
  ['DEFINE_PERCPU_RWSEM', { name: 0, type: 'struct percpu_rw_semaphore' }],
  ['DEFINE_SEMAPHORE', { name: 0, type: 'struct semaphore' }],
  ['DEFINE_SEQLOCK', { name: 0, type: 'seqlock_t' }],
  ['DEFINE_IDA', { name: 0, type: 'struct ida' }],
  ['DEFINE_IDR', { name: 0, type: 'struct idr' }],
  ['DEFINE_XARRAY', { name: 0, type: 'struct xarray' }],
  ['DEFINE_XARRAY_ALLOC', { name: 0, type: 'struct xarray' }],
  ['DEFINE_XARRAY_FLAGS', { name: 0, type: 'struct xarray' }],
  ['DEFINE_MTREE', { name: 0, type: 'struct maple_tree' }],
  ['DEFINE_RATELIMIT_STATE', { name: 0, type: 'struct ratelimit_state' }],
  ['DEFINE_FOLIO_VMA_WALK', { name: 0, type: 'struct page_vma_mapped_walk' }],
  ['DEFINE_PAGE_VMA_WALK', { name: 0, type: 'struct page_vma_mapped_walk' }],
  ['DEFINE_READAHEAD', { name: 0, type: 'struct readahead_control' }],
  ['DEFINE_STATIC_KEY_FALSE', { name: 0, type: 'struct static_key_false' }],
  ['DEFINE_STATIC_KEY_TRUE', { name: 0, type: 'struct static_key_true' }],
  ['DEFINE_STATIC_SRCU', { name: 0, type: 'struct srcu_struct' }],
  ['DEFINE_SRCU', { name: 0, type: 'struct srcu_struct' }],
  ['DECLARE_TASKLET', { name: 0, type: 'struct tasklet_struct' }],
  ['DEFINE_TIMER', { name: 0, type: 'struct timer_list' }],
  ['DEFINE_MIN_HEAP', { name: 1, type: 'struct min_heap' }],
  ['DEFINE_PER_CPU', { name: 1, type: '$0' }],
  ['DECLARE_PER_CPU', { name: 1, type: '$0' }],
  ['DEFINE_PER_CPU_ALIGNED', { name: 1, type: '$0' }],
  ['DEFINE_PER_CPU_SHARED_ALIGNED', { name: 1, type: '$0' }],
  ['DEFINE_PER_CPU_READ_MOSTLY', { name: 1, type: '$0' }],
  ['DEFINE_PER_CPU_PAGE_ALIGNED', { name: 1, type: '$0' }],
  ['DEFINE_PER_CPU_FIRST', { name: 1, type: '$0' }],
  ['DEFINE_RAW_FLEX', { name: 1, type: '$0 *' }],
  ['DEFINE_FLEX', { name: 1, type: '$0 *' }],
  ['DECLARE_FLEX_ARRAY', { name: 1, type: '$0 []' }],
  ['STACK_FRAME_NON_STANDARD', { name: -2, type: '' }],
  ['SHASH_DESC_ON_STACK', { name: 0, type: 'struct shash_desc *' }],
  ['SYNC_SKCIPHER_REQUEST_ON_STACK', { name: 0, type: 'struct skcipher_request *' }],
]);

/** Further statement macros that declare their first argument, by the shape of their name. */
export const DECLARING_PATTERN: RegExp = /^(?:DEFINE_|DECLARE_)\w+$|_ON_?STACK$/;

/** Iterator macros: the arguments set on each round. Others: by name's shape, first argument. */
export const ITERATORS: ReadonlyMap<string, readonly number[]> = new Map([
  ['list_for_each_entry_safe', [0, 1]],
  ['list_for_each_entry_safe_continue', [0, 1]],
  ['list_for_each_entry_safe_from', [0, 1]],
  ['list_for_each_entry_safe_reverse', [0, 1]],
  ['list_for_each_safe', [0, 1]],
  ['list_for_each_prev_safe', [0, 1]],
  ['llist_for_each_entry_safe', [0, 1]],
  ['llist_for_each_safe', [0, 1]],
  ['hlist_for_each_safe', [0, 1]],
  ['hlist_for_each_entry_safe', [0, 1]],
  ['hlist_nulls_for_each_entry', [0, 1]],
  ['hlist_nulls_for_each_entry_rcu', [0, 1]],
  ['plist_for_each_entry_safe', [0, 1]],
  ['rbtree_postorder_for_each_entry_safe', [0, 1]],
  ['hash_for_each', [1, 2]],
  ['hash_for_each_rcu', [1, 2]],
  ['hash_for_each_safe', [1, 2, 3]],
  ['hash_for_each_possible', [1]],
  ['hash_for_each_possible_rcu', [1]],
  ['hash_for_each_possible_safe', [1, 2]],
  ['for_each_process_thread', [0, 1]],
  ['do_each_thread', [0, 1]],
  ['for_each_thread', [1]],
  ['do_each_pid_task', [2]],
  ['do_each_pid_thread', [2]],
  ['for_each_vma', [1]],
  ['for_each_vma_range', [1]],
  ['mas_for_each', [1]],
  ['mas_for_each_rev', [1]],
  ['mt_for_each', [1, 2]],
  ['xa_for_each', [1, 2]],
  ['xa_for_each_start', [1, 2]],
  ['xa_for_each_range', [1, 2]],
  ['xa_for_each_marked', [1, 2]],
  ['xas_for_each', [1]],
  ['xas_for_each_marked', [1]],
  ['xas_for_each_conflict', [1]],
  ['idr_for_each_entry', [1, 2]],
  ['idr_for_each_entry_ul', [1, 2, 3]],
  ['idr_for_each_entry_continue', [1, 2]],
  ['radix_tree_for_each_slot', [0]],
  ['anon_vma_interval_tree_foreach', [0]],
  ['vma_interval_tree_foreach', [0]],
  ['for_each_zone_zonelist', [0, 1]],
  ['for_each_zone_zonelist_nodemask', [0, 1]],
  ['for_next_zone_zonelist_nodemask', [0, 1]],
  ['for_each_mem_pfn_range', [0, 2, 3, 4]],
  ['for_each_mem_range', [0, 1, 2]],
  ['for_each_mem_range_rev', [0, 1, 2]],
  ['for_each_reserved_mem_range', [0, 1, 2]],
  ['for_each_free_mem_range', [0, 2, 3, 4]],
  ['for_each_free_mem_range_reverse', [0, 2, 3, 4]],
  ['for_each_physmem_range', [0, 2, 3]],
  ['for_each_free_mem_pfn_range_in_zone', [0, 2, 3]],
  ['for_each_free_mem_pfn_range_in_zone_from', [0, 2, 3]],
  ['__for_each_mem_range', [0, 5, 6, 7]],
  ['__for_each_mem_range_rev', [0, 5, 6, 7]],
  ['for_each_sg', [1, 3]],
  ['for_each_set_bitrange', [0, 1]],
  ['for_each_clear_bitrange', [0, 1]],
  ['for_each_set_clump8', [0, 1]],
  ['for_each_kernel_tracepoint', []],
  ['bio_for_each_segment_all', [0, 2]],
  ['bio_for_each_folio_all', [0]],
  ['bio_for_each_segment', [0, 2]],
  ['bio_for_each_bvec', [0, 2]],
  ['rq_for_each_segment', [0, 2]],
  ['__rq_for_each_bio', [0]],
  ['rq_list_for_each', [1]],
  ['css_for_each_child', [0]],
  ['for_each_subsys', [0, 1]],
  ['for_each_css', [0, 1]],
  ['for_each_e_css', [0, 1]],
  ['cgroup_for_each_live_child', [0]],
  ['cgroup_for_each_live_descendant_pre', [0, 1]],
  ['cgroup_for_each_live_descendant_post', [0, 1]],
  ['cgroup_taskset_for_each', [0, 1]],
  ['cgroup_taskset_for_each_leader', [0, 1]],
  ['do_each_subsys_mask', [0, 1]],
  ['cpuset_for_each_child', [0, 1]],
  ['cpuset_for_each_descendant_pre', [0, 1]],
  ['srcu_for_each_node_breadth_first', [1]],
  ['rcu_for_each_node_breadth_first', [0]],
  ['rcu_for_each_leaf_node', [0]],
  ['for_each_leaf_node_possible_cpu', [1]],
  ['for_each_leaf_node_cpu_mask', [1]],
  ['perf_event_groups_for_each', [0]],
  ['netdev_for_each_mc_addr', [0]],
  ['for_each_node_mask_to_alloc', [1, 2]],
  ['for_each_node_mask_to_free', [1, 2]],
  ['damon_for_each_region_safe', [0, 1]],
  ['damon_for_each_target_safe', [0, 1]],
  ['damon_for_each_scheme_safe', [0, 1]],
]);

/** Names that are loops by their shape. */
export const ITERATOR_PATTERN: RegExp =
  /(?:^|_)(?:for_each|foreach|for_next)(?:_|$)|^(?:do_each_\w+|ipc_for_each\w*|for_each\w*)$|_for_each$/;

/** Loops that an opening macro starts and a closing macro ends (`do_each_pid_task … while_each_pid_task`). */
export const LOOP_ENDS: RegExp = /^while_each_\w+$/;

/** Branch-like statement macros: the statement after them may or may not run, once. */
export const MAYBE_PATTERN: RegExp = /^(?:if_|scoped_)\w+$/;
