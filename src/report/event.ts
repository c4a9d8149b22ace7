/** Steps as events: what a row says, and which steps are one event. */
import type { Step } from '../sim/program.ts';
import { clean } from './wrap.ts';

/** Two operations of one source expression: the longer text says what came of it. */
export function isSameEvent(a: Step, b: Step): boolean {
  if (a.thread !== b.thread || a.site.line !== b.site.line || a.site.line === 0) return false;
  const [short, long] = [eventText(a.text), eventText(b.text)].sort((x, y) => x.length - y.length) as [
    string,
    string,
  ];
  return long === short || (long.startsWith(short) && /^(?: =| ->|:) \S+$/.test(long.slice(short.length)));
}

/** A statement as an event: without the type of a declaration and without the semicolon. */
export function eventText(text: string): string {
  return clean(text)
    .replace(/;\s*$/, '')
    .replace(/^(?:(?:const|static|unsigned|signed|struct|union|enum) )*\w+ +\**(?=\w+ = )/, '');
}
