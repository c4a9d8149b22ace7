/**
 * Draws a schedule the way kernel developers do: one column for each CPU, time runs down, one event in a row.
 *
 * First the rows are collected (steps that say the same are one row, deferred callbacks become a row of the
 * thread that queued them), then the least telling are left out until at most twelve remain, then columns are
 * set. A schedule of one thread has nothing to draw.
 */
import type { Schedule, Step } from '../sim/program.ts';
import { eventText, isSameEvent } from './event.ts';
import { clean } from './wrap.ts';

/** Rows below the underline, elisions included; the viewer has the rest. */
const MAX_ROWS = 12;
const MAX_WIDTH = 70;
/** Weight of a row that touches nothing shared; see `weigh`. */
const LOCAL_WORK = 20;
const SECOND_COLUMN = { least: 32, most: 40 };

interface Row {
  /** Index of the column; -1 for an elision, which stands in all `elided` columns. */
  column: number;
  text: string;
  weight: number;
  violation: boolean;
  elided: Set<number>;
}

/** True when at least two threads take part, callbacks not counted. */
export function isInterleaving(schedule: Schedule): boolean {
  return columnsOf(schedule).length > 1;
}

/**
 * The lines of the diagram, at most 70 wide, without indentation; none for a schedule of one thread.
 *
 * @param most rows below the underline, elisions included.
 */
export function diagram(schedule: Schedule, most: number = MAX_ROWS): string[] {
  const columns = columnsOf(schedule);
  if (columns.length < 2) return [];
  const rows = shortenRows(collectRows(schedule, columns), most);
  const titles = columns.map((thread) => functionOf(schedule, thread));
  const heads = columns.map((thread, i) => headOf(schedule, thread, i));
  const starts = columnStarts(rows, titles, columns.length);
  const rule = '-'.repeat(Math.max(...titles.map((title, i) => Math.min(title.length, room(starts, i)))));
  const label = schedule.violation.hazard.replaceAll('-', ' ');
  return [
    setRow(heads, starts),
    setRow(titles, starts),
    setRow(
      columns.map((_, i) => rule.slice(0, room(starts, i))),
      starts,
    ),
    ...rows.map((row) => drawRow(row, starts, label)),
  ];
}

/** Threads that do something and are not deferred callbacks, in the order of the program. */
function columnsOf(schedule: Schedule): number[] {
  const active = new Set(schedule.steps.filter((step) => step.text !== '').map((step) => step.thread));
  active.add(schedule.violation.thread);
  return [...active].filter((thread) => !isCallback(schedule, thread)).sort((a, b) => a - b);
}

function isCallback(schedule: Schedule, thread: number): boolean {
  return /rcu|callback|grace|work|timer/.test(schedule.threads[thread]?.kind ?? '');
}

function functionOf(schedule: Schedule, thread: number): string {
  const step = schedule.steps.find((each) => each.thread === thread && each.site.function !== '');
  const name = step?.site.function ?? schedule.threads[thread]?.name ?? '';
  return clean(/^\w+$/.test(name) ? `${name}()` : name);
}

function headOf(schedule: Schedule, thread: number, column: number): string {
  const { kind } = schedule.threads[thread]!;
  if (kind === 'irq') return `CPU ${schedule.threads[thread]!.cpu} <interrupt>`;
  if (kind === 'softirq') return `CPU ${schedule.threads[thread]!.cpu} <softirq>`;
  return `CPU ${column}`;
}

function collectRows(schedule: Schedule, columns: number[]): Row[] {
  const rows: Row[] = [];
  const { violation } = schedule;
  let queuedBy = columns.indexOf(violation.thread) === 0 ? 1 : 0;
  let previous: Step | null = null;
  for (const [i, step] of schedule.steps.entries()) {
    if (step.text === '') continue;
    const last = i === schedule.steps.length - 1;
    if (isCallback(schedule, step.thread)) {
      const text = callbackText(schedule, step);
      if (previous?.thread === step.thread) {
        if (text.endsWith('freed')) rows.at(-1)!.text = text;
      } else rows.push(makeRow(queuedBy, text, 85));
    } else {
      const column = columns.indexOf(step.thread);
      if (/rcu\(|_kill\(|queue_work|mod_timer|task_work_add/.test(step.text)) queuedBy = column;
      const row = makeRow(column, eventText(step.text), weigh(step, schedule));
      const same = previous !== null && isSameEvent(previous, step);
      if (same && rows.at(-1)) {
        if (row.text.length > rows.at(-1)!.text.length) rows.at(-1)!.text = row.text;
        rows.at(-1)!.weight = Math.max(rows.at(-1)!.weight, row.weight);
      } else rows.push(row);
      if (last && step.thread === violation.thread && step.site.line === violation.site.line)
        rows.at(-1)!.violation = true;
    }
    previous = step;
  }
  if (!rows.at(-1)?.violation)
    rows.push(makeRow(Math.max(columns.indexOf(violation.thread), 0), eventText(violation.site.text), 100));
  const end = rows.at(-1)!;
  end.violation = true;
  end.weight = 100;
  return rows;
}

function makeRow(column: number, text: string, weight: number): Row {
  return { column, text, weight, violation: false, elided: new Set() };
}

function callbackText(schedule: Schedule, step: Step): string {
  const kind = schedule.threads[step.thread]!.kind;
  const when = /work/.test(kind) ? '<work runs>' : /timer/.test(kind) ? '<timer fires>' : '<grace period>';
  if (/^\w*free\w*\(/.test(step.text)) return `${when}, freed`;
  return step.site.function === '' ? when : `${when}, ${clean(step.site.function)}()`;
}

/** How much a row tells: what frees, then locks, references and RCU, then shared pointers, then the rest. */
function weigh(step: Step, schedule: Schedule): number {
  const { text } = step;
  let weight = LOCAL_WORK;
  if (/free|destroy|release/.test(text)) weight = 90;
  else if (
    /lock|rcu|_get\b|_put\b|get\(|put\(|_kill|kill\(|down_|up_|synchronize|wait|wake|complete/.test(text)
  )
    weight = 70;
  else if (/(?:->|\.)\w+/.test(text) && text.includes('=') && !/^if\b|==/.test(text)) weight = 60;
  else if (/\w\(/.test(text) && !/^(?:if|while|return)\b/.test(text)) weight = 40;
  else if (/^(?:if|while)\b/.test(text)) weight = 10;
  const object = schedule.violation.object;
  if (object && step.effects.some((effect) => effect.includes(object))) weight += 8;
  return weight;
}

/**
 * Leaves out rows until all fit: plain tests and local work at once, then the least telling, the earliest
 * first. What is left out becomes `...`.
 */
function shortenRows(rows: Row[], most: number): Row[] {
  if (rows.length <= most) return rows;
  const order = rows.map((_, i) => i).sort((a, b) => rows[a]!.weight - rows[b]!.weight || a - b);
  const dropped = new Set(order.filter((i) => rows[i]!.weight <= LOCAL_WORK));
  for (const index of order) {
    const result = elide(rows, dropped);
    if (result.length <= most) return result;
    dropped.add(index);
  }
  return elide(rows, dropped);
}

function elide(rows: Row[], dropped: Set<number>): Row[] {
  const result: Row[] = [];
  for (const [i, row] of rows.entries()) {
    if (!dropped.has(i)) {
      result.push(row);
      continue;
    }
    let gap = result.at(-1);
    if (gap?.column !== -1) {
      gap = makeRow(-1, '...', 0);
      result.push(gap);
    }
    gap.elided.add(row.column);
  }
  return result;
}

/** Where each column starts: the second between 32 and 40, three or more share the width evenly. */
function columnStarts(rows: Row[], titles: string[], columns: number): number[] {
  if (columns > 2) return Array.from({ length: columns }, (_, i) => i * Math.floor(MAX_WIDTH / columns));
  const first = [titles[0]!, ...rows.filter((row) => row.column === 0).map((row) => row.text)];
  const widest = Math.max(...first.map((text) => text.length));
  return [0, Math.min(Math.max(widest + 2, SECOND_COLUMN.least), SECOND_COLUMN.most)];
}

/** How wide a text in the column may be. */
function room(starts: number[], column: number): number {
  return (starts[column + 1] ?? MAX_WIDTH + 2) - starts[column]! - 2;
}

function setRow(cells: string[], starts: number[]): string {
  let line = '';
  for (const [i, cell] of cells.entries())
    if (cell !== '') line = line.padEnd(starts[i]!) + shorten(cell, room(starts, i));
  return line;
}

function drawRow(row: Row, starts: number[], label: string): string {
  if (row.column === -1)
    return setRow(
      starts.map((_, i) => (row.elided.has(i) ? '...' : '')),
      starts,
    );
  const start = starts[row.column]!;
  if (!row.violation) return ' '.repeat(start) + shorten(row.text, room(starts, row.column));
  const arrow = `<-- ${label}`;
  // The arrow stands in the next column when there is one, else directly behind the text.
  const next = starts[row.column + 1];
  if (next !== undefined && next + arrow.length <= MAX_WIDTH)
    return (' '.repeat(start) + shorten(row.text, room(starts, row.column))).padEnd(next) + arrow;
  return `${' '.repeat(start)}${shorten(row.text, MAX_WIDTH - start - arrow.length - 2)}  ${arrow}`;
}

/** Shortens by leaving out arguments first, then the end. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const bare = text.replace(/\(([^()]{4,})\)/, '(...)');
  if (bare.length <= width) return bare;
  return `${bare.slice(0, Math.max(width - 3, 0))}...`.slice(0, width);
}
