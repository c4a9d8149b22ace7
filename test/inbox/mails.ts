/** Mails of our own invention, as people and git send them, and archives made of them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { DIFF } from '../patch/samples.ts';

export const LIST = 'ponds@lists.example.org';

export interface MailParts {
  subject: string;
  id?: string;
  from?: string;
  /** Message-id that is answered. */
  parent?: string;
  references?: string[];
  body?: string;
  headers?: string;
  /** Minutes after the first of all mails. */
  minute?: number;
}

const START = Date.UTC(2026, 2, 2, 9, 0, 0);

export function mailTime(minute: number): number {
  return START + minute * 60_000;
}

/** A mail; without a body it has a changelog and a diff, a cover letter has prose alone. */
export function makeMail(parts: MailParts): string {
  const { subject, id = idOf(subject), from = 'Ada Writer <ada@example.org>', parent, minute = 0 } = parts;
  const references = parts.references ?? (parent ? [parent] : []);
  const isCover = /\b0+\/\d+\]/.test(subject);
  const body = parts.body ?? (isCover ? PROSE : PATCH);
  return `From: ${from}
To: ${LIST}
Date: ${new Date(mailTime(minute)).toUTCString()}
Subject: ${subject}
Message-ID: <${id}>
${parent ? `In-Reply-To: <${parent}>\n` : ''}${references.length > 0 ? `References: ${references.map((each) => `<${each}>`).join('\n ')}\n` : ''}List-Id: <ponds.lists.example.org>
${parts.headers ?? ''}
${body}`;
}

export function idOf(subject: string): string {
  return `${subject.replace(/[^\w]+/g, '.').replace(/^\.|\.$/g, '')}@example.org`;
}

const PROSE = 'The ponds are read without their locks. Tested with ponds on two machines.\n\nAda\n';

const PATCH = `The pond is read without its lock, so that two readers may see different levels of it.

Signed-off-by: Ada Writer <ada@example.org>
---
 mm/pond.c | 3 ++-
 1 file changed, 2 insertions(+), 1 deletion(-)

${DIFF}-- 
2.39.2
`;

/** The mails of a series as git send-email threads them. */
export function makeSeries(
  title: string,
  total: number,
  options: { version?: number; minute?: number; tag?: string; author?: string } = {},
): MailParts[] {
  const { version = 1, minute = 0, tag = 'PATCH', author = 'Ada Writer <ada@example.org>' } = options;
  const stamp = `20260302${String(100000 + minute).slice(-6)}.${title.length}${version}`;
  const prefix = version === 1 ? tag : `${tag} v${version}`;
  const id = (n: number) => `${stamp}-${n + 1}-ada@example.org`;
  return Array.from({ length: total + 1 }, (_, n) => ({
    subject: `[${prefix} ${n}/${total}] ${n === 0 ? title : `${title}: part ${n} of the work`}`,
    id: id(n),
    from: author,
    minute,
    ...(n === 0 ? {} : { parent: id(0) }),
  }));
}

/** A directory that is gone when the test ends. */
export function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-inbox-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A public-inbox archive of one epoch, made by git alone. */
export class Archive {
  readonly path: string;
  readonly #index = { count: 0 };

  constructor(path: string) {
    this.path = path;
    this.epoch(0);
  }

  epoch(number: number): string {
    const directory = join(this.path, 'git', `${number}.git`);
    mkdirSync(directory, { recursive: true });
    execFileSync('git', ['init', '-q', '--bare', '-b', 'master', directory]);
    return directory;
  }

  /** Adds mails, a commit each; null takes the last one away. */
  add(mails: (string | Buffer | null)[], epoch = 0): void {
    const stream: Buffer[] = [];
    const push = (text: string | Buffer) => stream.push(Buffer.from(text as string));
    for (const mail of mails) {
      const at = Math.floor(START / 1000) + this.#index.count++;
      push(
        `commit refs/heads/master\nauthor A <a@example.org> ${at} +0000\ncommitter A <a@example.org> ${at} +0000\ndata 1\nm\n`,
      );
      if (stream.length === 1) push(this.#from(epoch));
      const content = Buffer.from(mail ?? 'gone');
      push(mail === null ? 'D m\n' : 'D d\n');
      push(`M 100644 inline ${mail === null ? 'd' : 'm'}\ndata ${content.length}\n`);
      push(content);
      push('\n');
    }
    execFileSync('git', ['-C', join(this.path, 'git', `${epoch}.git`), 'fast-import', '--quiet', '--force'], {
      input: Buffer.concat(stream),
    });
  }

  #from(epoch: number): string {
    try {
      const tip = execFileSync('git', [
        '-C',
        join(this.path, 'git', `${epoch}.git`),
        'rev-parse',
        '--verify',
        '--quiet',
        'master',
      ]);
      return `from ${tip.toString().trim()}\n`;
    } catch {
      return '';
    }
  }
}
