/**
 * Numbers for the compiled code: opcodes, and the modes in which an event touches a location.
 *
 * First the width of an instruction, then the local opcodes (executed together with the event before them), then
 * the opcodes of events (each is one step of a schedule). It holds no semantics: those are in the file of each primitive.
 */

/** Words per compiled instruction: opcode, six operands, index of the source instruction. */
export const WIDTH = 8;
export const SOURCE = 7;

// Local: they touch only the registers and the ghost state of the executing thread.
export const SET = 1;
export const CALC = 2;
export const JUMP = 3;
export const BRANCH = 4;
export const CALL = 5;
export const RETURN = 6;
export const ASSUME = 7;
export const ASSERT = 8;
export const CONTAINER = 9;
export const FORGET = 10;
export const ASSERT_HELD = 11;
export const OWN = 12;
export const DISOWN = 13;
export const CONTEXT = 14;
export const SLEEP = 15;
export const RCU_ENTER_QUIET = 16;
export const RCU_EXIT_QUIET = 17;
export const LAST_LOCAL = 17;

// Events.
export const CHOOSE = 20;
export const LOAD = 21;
export const STORE = 22;
export const RMW = 23;
export const CMPXCHG = 24;
export const COPY = 25;
export const ACCESS = 26;
export const ALLOC = 27;
export const FREE = 28;
export const ESCAPE = 29;
export const LOCK = 30;
export const TRYLOCK = 31;
export const UNLOCK = 32;
export const DOWNGRADE = 33;
export const UPGRADE = 34;
export const REF_INIT = 35;
export const REF_GET = 36;
export const REF_TRYGET = 37;
export const REF_PUT = 38;
export const REF_READ = 39;
export const PERCPU_INIT = 40;
export const PERCPU_GET = 41;
export const PERCPU_TRYGET = 42;
export const PERCPU_PUT = 43;
export const PERCPU_KILL = 44;
export const PERCPU_REINIT = 45;
export const PERCPU_EXIT = 46;
export const PERCPU_SWITCH = 47;
export const RCU_ENTER = 48;
export const RCU_EXIT = 49;
export const RCU_SYNC = 50;
export const RCU_CALL = 51;
export const RCU_BARRIER = 52;
export const GRACE_END = 53;
export const LANE_DONE = 54;
export const WAIT = 55;
export const WAKE = 56;
export const COMPLETE = 57;
export const WAIT_COMPLETION = 58;
export const TASK_ADD = 59;
export const TASK_RUN = 60;
export const WORK_QUEUE = 61;
export const WORK_FLUSH = 62;
export const WORK_START = 63;
export const WORK_DONE = 64;
export const TIMER_START = 65;
export const TIMER_STOP = 66;
export const LANE_BODY = 67;
export const RETURN_OWNED = 68;
export const CONTEXT_CPU = 69;
export const IRQ_ENTER = 70;
export const IRQ_LEAVE = 71;
export const OPCODES = 72;

// How an event touches a location; `dependence.ts` says which pairs of modes commute.
export const M_NONE = 0;
export const M_READ = 1;
export const M_WRITE = 2;
/** Adds to a count without looking at it. */
export const M_ADD = 3;
/** Takes one from a count and leaves more than zero. */
export const M_DEC = 4;
/** Takes one from a count and reaches zero, or goes below. */
export const M_LAST = 5;
/** Moves a reference from a thread to memory: no change of the count. */
export const M_MOVE = 6;
export const M_LOCK = 7;
export const M_LOCK_SHARED = 8;
export const M_UNLOCK = 9;
export const M_UNLOCK_SHARED = 10;
/** A trylock that fails. */
export const M_LOCK_SEEN = 11;
/** Needs the memory to exist, looks at nothing. */
export const M_TOUCH = 12;
export const M_ENTER = 13;
export const M_GRACE_BEGIN = 14;
export const M_EXIT = 15;
export const M_GRACE_END = 16;
export const M_WHOLE_READ = 17;
export const M_WHOLE_WRITE = 18;
export const M_CPU_TASK = 19;
export const M_CPU_IRQ = 20;
export const M_CPU_IRET = 21;
export const M_QUEUE_CALLBACK = 22;
export const M_BARRIER_BEGIN = 23;
export const M_CALLBACK_DONE = 24;
export const M_BARRIER_END = 25;
export const MODES = 26;
