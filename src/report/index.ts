/** Writes a review for the people and programs that read it. */
import type { Review } from '../check/finding.ts';
import type { PatchSeries } from '../patch/index.ts';
import { renderJson } from './json.ts';
import { renderMail } from './mail.ts';
import { renderText, type TextOptions } from './text.ts';

export { diagram } from './diagram.ts';
export { headerAddress, replyTo } from './mail.ts';
export { listSteps, renderSchedule } from './schedule.ts';
export { wrap } from './wrap.ts';

export const FORMATS = ['text', 'json', 'mail'] as const;
export type Format = (typeof FORMATS)[number];

/** The review in a format; '' for mail when there is nothing to say. Ends with a newline otherwise. */
export function render(format: Format, review: Review, series: PatchSeries, options: TextOptions): string {
  if (format === 'json') return renderJson(review);
  if (format === 'mail') return renderMail(review, series);
  return renderText(review, series, options);
}
