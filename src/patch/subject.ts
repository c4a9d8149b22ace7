/** Reads what a subject line says about a patch: `Re: [PATCH RFC v3 2/5] mm: title`. */

export interface Subject {
  /** Without reply marks and without leading brackets. */
  title: string;
  /** Position and length of the series; index 0 is a cover letter, total 0 when there is no numbering. */
  index: number;
  total: number;
  version: number;
  /** Words in the brackets other than the numbering: PATCH, RFC, mm-unstable. */
  tags: string[];
  reply: boolean;
}

const REPLY = /^(?:re|fwd?|aw|wg|sv|antw|回复|答复|转发)\s*(?:\[\d+\])?\s*[:：]\s*/i;
const BRACKET = /^\[([^\]]*)\]\s*/;

/** The subject without `Re:` and its kin at the front. */
export function withoutReplyMarks(subject: string): string {
  let rest = subject.replace(/\s+/g, ' ').trim();
  for (let mark = REPLY.exec(rest); mark; mark = REPLY.exec(rest)) rest = rest.slice(mark[0].length);
  return rest;
}

/** Never fails: a subject that is not a patch's has index 1, total 0, version 1. */
export function parseSubject(subject: string): Subject {
  const result: Subject = { title: '', index: 1, total: 0, version: 1, tags: [], reply: false };
  let rest = subject.replace(/\s+/g, ' ').trim();
  for (;;) {
    const reply = REPLY.exec(rest);
    if (reply) {
      result.reply = true;
      rest = rest.slice(reply[0].length);
      continue;
    }
    const bracket = BRACKET.exec(rest);
    if (!bracket || bracket[0].length === rest.length) break;
    readTags(bracket[1]!, result);
    rest = rest.slice(bracket[0].length);
  }
  result.title = rest;
  return result;
}

function readTags(text: string, into: Subject): void {
  for (const word of text.split(/[\s,]+/)) {
    const number = /^(\d{1,4})\/(\d{1,4})$/.exec(word);
    const version = /^(?:patch)?v(\d{1,3})$/i.exec(word);
    if (number) {
      into.index = Number(number[1]);
      into.total = Number(number[2]);
    } else if (version) {
      into.version = Number(version[1]);
      if (/^patch/i.test(word)) into.tags.push('PATCH');
    } else if (word !== '') into.tags.push(word);
  }
}
