/** The review as JSON, as DESIGN's Findings describe it: the same keys in the same order on every run. */
import type { Finding, Review } from '../check/finding.ts';
import type { Schedule } from '../sim/program.ts';

/** One object, two blanks of indentation, a newline at the end. */
export function renderJson(review: Review): string {
  const { tool, series } = review;
  const ordered = {
    tool: { name: tool.name, version: tool.version },
    series: {
      subject: series.subject,
      messageId: series.messageId,
      version: series.version,
      patches: series.patches,
    },
    findings: review.findings.map(orderFinding),
    fixed: review.fixed.map(orderFinding),
    notes: review.notes,
    skipped: review.skipped.map(({ file, reason }) => ({ file, reason })),
    stats: Object.fromEntries(Object.entries(review.stats).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  return `${JSON.stringify(ordered, null, 2)}\n`;
}

function orderFinding(finding: Finding): Finding {
  return {
    id: finding.id,
    hazard: finding.hazard,
    class: finding.class,
    confidence: finding.confidence,
    patch: finding.patch,
    file: finding.file,
    line: finding.line,
    endLine: finding.endLine,
    side: finding.side,
    function: finding.function,
    title: finding.title,
    message: finding.message,
    assumptions: finding.assumptions,
    schedule: orderSchedule(finding.schedule),
    replay: finding.replay,
    fix: finding.fix ? { diff: finding.fix.diff, verified: finding.fix.verified } : null,
    consequences: finding.consequences.map((each) => ({
      class: each.class,
      message: each.message,
      schedule: orderSchedule(each.schedule),
      replay: each.replay,
    })),
  };
}

function orderSchedule({ threads, steps, violation }: Schedule): Schedule {
  const site = ({ file, line, function: name, text }: Schedule['violation']['site']) => ({
    file,
    line,
    function: name,
    text,
  });
  return {
    threads: threads.map(({ name, kind, cpu }) => ({ name, kind, cpu })),
    steps: steps.map((step) => ({
      thread: step.thread,
      site: site(step.site),
      text: step.text,
      effects: step.effects,
    })),
    violation: {
      hazard: violation.hazard,
      thread: violation.thread,
      site: site(violation.site),
      message: violation.message,
      ...(violation.object === undefined ? {} : { object: violation.object }),
    },
  };
}
