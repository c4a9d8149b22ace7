/** A schedule by itself, as `lockstep replay` shows it: every step, nothing left out. */
import type { Schedule, Step } from '../sim/program.ts';
import { diagram } from './diagram.ts';
import { eventText, isSameEvent } from './event.ts';
import { clean } from './wrap.ts';

/** What happens where, then all steps: in columns when threads interleave, else one to a line. */
export function renderSchedule(schedule: Schedule): string {
  const { hazard, site, message } = schedule.violation;
  const where = site.line > 0 ? `${clean(site.file)}:${site.line}: ` : '';
  const what = message === '' || message === hazard ? '' : `: ${clean(message)}`;
  const columns = diagram(schedule, Number.POSITIVE_INFINITY);
  const steps = columns.length > 0 ? columns : listSteps(schedule, Number.POSITIVE_INFINITY);
  return `${[`${where}${hazard}${what}`, '', ...steps.map((line) => `  ${line}`.trimEnd())].join('\n')}\n`;
}

/** The last `most` steps that have a line of source, that line in front of each. */
export function listSteps(schedule: Schedule, most: number): string[] {
  const steps: Step[] = [];
  for (const step of schedule.steps) {
    if (step.text === '' || step.site.line === 0) continue;
    const last = steps.at(-1);
    if (last && isSameEvent(last, step)) steps[steps.length - 1] = longer(last, step);
    else steps.push(step);
  }
  const shown = most < steps.length ? steps.slice(-most) : steps;
  const width = Math.max(0, ...shown.map((step) => String(step.site.line).length));
  return shown.map((step) => `${String(step.site.line).padStart(width)}  ${eventText(step.text)}`);
}

function longer(a: Step, b: Step): Step {
  return b.text.length >= a.text.length ? b : a;
}
