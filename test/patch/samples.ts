/** Patches for the reading tests, and what was read as text that is easy to compare. */
import type { Hunk, PatchSeries } from '../../src/patch/index.ts';

/** A diff of two hunks with blank context lines, tabs, and a deleted line that looks like a header. */
export const DIFF = `diff --git a/mm/pond.c b/mm/pond.c
index 1111111..2222222 100644
--- a/mm/pond.c
+++ b/mm/pond.c
@@ -10,7 +10,8 @@ static void pond_fill(struct pond *p)
 {
 	int level;
 
-	level = p->level;
+	spin_lock(&p->lock);
+	level = p->level++;
 
 	pond_show(level);
 }
@@ -40,7 +41,6 @@ static void pond_drain(struct pond *p)
 {
 	/*
 	 * A list:
--- first
 	 */
 	p->level = 0;
 }
`;

/** The same as a mail; `body` replaces the diff, `headers` are added in front. */
export function mail(subject: string, body: string = DIFF, headers = ''): string {
  return `${headers}From: Ada Writer <ada@example.org>
Date: Mon, 2 Mar 2026 09:00:00 +0000
Subject: ${subject}
Message-ID: <${subject.replace(/[^\w]+/g, '.')}@example.org>

The pond is read without its lock.

Fixes: 0123456789ab ("mm: dig a pond")
Signed-off-by: Ada Writer <ada@example.org>
---
 mm/pond.c | 3 ++-
 1 file changed, 2 insertions(+), 1 deletion(-)

${body}-- 
2.39.2

base-commit: 0123456789abcdef0123456789abcdef01234567
`;
}

/** A mailbox of mails. */
export function mbox(...mails: string[]): string {
  return mails
    .map((text) => `From ada@example.org Mon Mar  2 09:00:00 2026\n${text.replace(/^(>*From )/gm, '>$1')}\n`)
    .join('');
}

/** Each hunk line as `old new marker text`. */
export function show(hunk: Hunk): string {
  return hunk.lines
    .map(({ kind, text, oldLine, newLine }) => {
      const marker = kind === 'add' ? '+' : kind === 'delete' ? '-' : ' ';
      return `${oldLine} ${newLine} ${marker}${text}`;
    })
    .join('\n');
}

/** All hunk lines of a series, to compare two readings. */
export function allLines(series: PatchSeries): string {
  return series.patches
    .flatMap((patch) => patch.files)
    .flatMap((file) => [`${file.kind} ${file.oldPath} ${file.newPath}`, ...file.hunks.map(show)])
    .join('\n');
}

/** Fails when the counts of a hunk do not say how many lines it has. */
export function addsUp(series: PatchSeries): boolean {
  return series.patches
    .flatMap((patch) => patch.files.flatMap((file) => file.hunks))
    .every(
      (hunk) =>
        hunk.lines.filter((line) => line.kind !== 'add').length === hunk.oldCount &&
        hunk.lines.filter((line) => line.kind !== 'delete').length === hunk.newCount,
    );
}
