/** Follows mailing lists: mails in, replies out. */
export { EVERYTHING, type Filter } from './filter.ts';
export { writeOutbox } from './outbox.ts';
export { addressOf, DEFAULT_POLICY, type Policy, readPolicy } from './policy.ts';
export type { Reply, ReviewRecord } from './replies.ts';
export { type MailRecord, REVIEW_QUEUE, Scanner, type ScanOptions, type ScanResult } from './scan.ts';
export { type SendOptions, type SendResult, sendReplies } from './send.ts';
export { isComplete, missingOf, type SeriesRecord, titleOf } from './series-book.ts';
export { type MailSource, openMailSource } from './source.ts';
export { releaseDead, type Worked, type WorkOptions, workOne } from './work.ts';
