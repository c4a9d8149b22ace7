/**
 * What every exported model begins with: memory, ghost state, and the primitives as inlines.
 *
 * `B` is a base pointer, `A` an address, `O` an object's number, `ME` the thread (a local of each process). `CHECK_ALIVE` and the
 * like assert the property and do nothing else. Inlines are expanded by SPIN in place, so locals of the process are used as scratch.
 */
export const PRELUDE = `
#define QUEUED 18
int m[WORDS];
byte life[OBJECTS];
byte priv[OBJECTS];
bool escaped[OBJECTS];
byte own[OBJECTS * THREADS];
byte unseen[OBJECTS * THREADS];
byte sh[LOCKS * THREADS];
int wt[THREADS];
byte wd[THREADS];
int inside[DOMAINS];
byte nest[DOMAINS * THREADS];
bool born[THREADS];
bool woken[THREADS];
int asleep[THREADS];
int arg[THREADS];
/* The head of a callback, or the item of a work. */
int head[THREADS];
/* Work that was taken off before it ran; the domain that a callback waits in, plus one; callbacks that have run. */
bool off[THREADS];
byte queued[THREADS];
int over;
byte hard[THREADS];
byte soft[THREADS];
byte pre[THREADS];
byte cpu[CPUS];
int tq[OBJECTS * QUEUED];
byte tn[OBJECTS];
bool texit[OBJECTS];
byte tag[WORDS];
byte started, finished;
bool stuck;
/* Tables: set once at the start, not part of the state. */
hidden short ob[WORDS];
hidden short first[OBJECTS];
hidden short size[OBJECTS];
hidden short refat[OBJECTS];
hidden short lk[WORDS];
hidden byte busy[WORDS];
/* The member of a union that a queued callback's head is, or 0. */
hidden byte member[WORDS];

#define IS_NULL(b) ((b) < 8 || (b) >= WORDS)
#define IS_OPAQUE(b) ((b) >= 8 && (b) < 16)
#define OBJ(a) (ob[a] - 1)
#define ALIVE(a) (life[OBJ(a)] == 1)
#define OWNER(a) ((m[a] >> 8) - 1)
#define OWN(o) own[(o) * THREADS + ME]
#define SH(a) sh[(lk[a] - 1) * THREADS + ME]
#define NEST(d) nest[(d) * THREADS + ME]
#define HARD hard[ME]
#define SOFT soft[ME]
#define PRE pre[ME]
#define LESS(x) if :: x > 0 -> x-- :: else fi
#define MAY_SLEEP (ME == SETUP || (ATOM == 0 && HARD == 0 && SOFT == 0 && PRE == 0 && !IN_RCU))
#define FREE_X(a) (m[a] == 0)
#define FREE_S(a) (m[a] < 256)

/* What memory holds of a count: all of it less what threads own. */
inline sum_owned(o) {
  W = 0; K = 0;
  do :: K < THREADS -> W = W + own[(o) * THREADS + K]; K++ :: else -> break od;
  K = 0
}
inline lose(o, c) {
  if :: OWN(o) > 0 -> OWN(o)-- :: else -> sum_owned(o); assert(m[c] - W > 0); W = 0 fi
}
inline move_one(o) {
  if :: OWN(o) > 0 -> OWN(o)-- :: OWN(o) == 0 && unseen[(o) * THREADS + ME] > 0 -> unseen[(o) * THREADS + ME]-- :: else fi
}
/* Others can see what v points to: it, and what it points to, loses its privacy and one reference of ours. */
inline publish(v) {
  if :: (v) >= 16 && (v) < WORDS ->
    move_one(OBJ(v));
    if :: priv[OBJ(v)] != 0 ->
      priv[OBJ(v)] = 0; K = 0;
      do :: K < size[OBJ(v)] ->
        if :: m[first[OBJ(v)] + K] >= 16 && m[first[OBJ(v)] + K] < WORDS -> move_one(OBJ(m[first[OBJ(v)] + K])); priv[OBJ(m[first[OBJ(v)] + K])] = 0 :: else fi;
        K++ :: else -> break od;
      K = 0
    :: else fi
  :: else fi
}
inline stored(a, v) {
  if :: priv[OBJ(a)] == 0 -> publish(v) :: else fi
}
inline release(v) {
  if :: (v) >= 16 && (v) < WORDS ->
    assert(life[OBJ(v)] == 1);
    K = 0;
    do :: K < size[OBJ(v)] ->
      assert(!(lk[first[OBJ(v)] + K] != 0 && m[first[OBJ(v)] + K] != 0));
      assert(!(busy[first[OBJ(v)] + K] != 0 && m[first[OBJ(v)] + K] != 0 && (member[first[OBJ(v)] + K] == 0 || tag[first[OBJ(v)] + K] == member[first[OBJ(v)] + K])));
      K++ :: else -> break od;
    K = 0;
    life[OBJ(v)] = 2
  :: else fi
}
inline rcu_leave(d) {
  NEST(d)--;
  if :: NEST(d) == 0 ->
    inside[d] = inside[d] & ~(1 << ME); K = 0;
    do :: K < THREADS -> if :: wd[K] == d + 1 -> wt[K] = wt[K] & ~(1 << ME) :: else fi; K++ :: else -> break od;
    K = 0
  :: else fi
}
inline begin_grace(t, d) { wd[t] = d + 1; queued[t] = d + 1; wt[t] = inside[d] & ~(1 << (t)) }
`;

const LOCKS = `  do :: K < LOCKS -> assert(sh[K * THREADS + ME] == 0); K++ :: else -> break od;
  K = 0;
  do :: K < WORDS -> assert(!(lk[K] != 0 && OWNER(K) == ME)); K++ :: else -> break od;
  K = 0;
`;
const DOMAINS = `  do :: K < DOMAINS -> assert(NEST(K) == 0); K++ :: else -> break od;
  K = 0;
`;
const REFS = `  do :: K < OBJECTS -> assert(OWN(K) == 0 && unseen[K * THREADS + ME] == 0); K++ :: else -> break od;
  K = 0;
`;

/** What a thread must have given back when it ends, as far as the program has such things. */
export function endChecks(refs: boolean, locks: boolean, domains: boolean): string {
  return `inline end_checks() {
  assert(HARD == 0 && SOFT == 0 && PRE == 0);
${locks ? LOCKS : ''}${domains ? DOMAINS : ''}${refs ? REFS : ''}  skip
}
`;
}
