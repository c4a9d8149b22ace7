/** Which steps the oracle takes to be dependent, from the definition: same location and one writes, with what commutes written out. */
import { type Event, objectOf } from './oracle-state.ts';

const CHANGES = new Set(['write', 'whole']);
const LOOKS = new Set(['read', 'seen']);

/** Whether the order of `a` and a later `b` matters. */
export function dependent(a: Event, b: Event, everythingConflicts: boolean): boolean {
  for (const x of a.touches)
    for (const y of b.touches) {
      const whole = x.how === 'whole' || y.how === 'whole';
      if (whole ? objectOf(x.at) !== objectOf(y.at) : x.at !== y.at) continue;
      if (whole) return true;
      if (x.how === 'touch' || y.how === 'touch') continue;
      if (everythingConflicts ? !(LOOKS.has(x.how) && LOOKS.has(y.how)) : clash(x.how, y.how)) return true;
      // The end of a grace period comes after the read sections that it waited for, a barrier after its callbacks.
      if (x.how === 'exit' && y.how === 'finish') {
        if ((a.sections!.get(a.thread) ?? 0) <= (b.sections!.get(a.thread) ?? 0)) return true;
      }
      if (x.how === 'ran' && y.how === 'passed' && b.awaited!.includes(a.thread)) return true;
    }
  return false;
}

function clash(a: string, b: string): boolean {
  return oneWay(a, b) || oneWay(b, a);
}

function oneWay(a: string, b: string): boolean {
  if (CHANGES.has(a)) return true;
  switch (a) {
    case 'read':
      return b === 'add' || b === 'dec' || b === 'last';
    case 'add':
      return b === 'dec' || b === 'last';
    case 'last':
      return b === 'last' || b === 'dec';
    case 'move':
      return b === 'dec' || b === 'last';
    case 'lock':
    case 'unlock':
      return true;
    case 'seen':
      return b === 'rlock' || b === 'runlock';
    case 'enter':
      return b === 'begin' || b === 'queue';
    case 'barrier':
      return b === 'queue';
    case 'irq':
      return b === 'irq' || b === 'task' || b === 'iret';
    case 'iret':
      return b === 'task' || b === 'iret';
    default:
      return false;
  }
}
