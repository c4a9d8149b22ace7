/** What a review says: findings with their proof. The shape is the one that `--format json` prints. */
import type { Hazard, Schedule } from '../sim/program.ts';

/** proven: every step is from source or vocabulary. likely: rests on a listed assumption. */
export type Confidence = 'proven' | 'likely' | 'note';

export interface Finding {
  /** Fingerprint, stable under rebase and unrelated edits. */
  id: string;
  /** The rule: a hazard model's name (`mempolicy/percpu-ref`) or `generic/CLASS`. */
  hazard: string;
  class: Hazard;
  confidence: Confidence;
  /** 1-based index of the patch in the series. */
  patch: number;
  file: string;
  line: number;
  endLine: number;
  side: 'RIGHT' | 'LEFT';
  function: string;
  title: string;
  /** What a reviewer would write, without the diagram. */
  message: string;
  assumptions: string[];
  schedule: Schedule;
  /** Token for `lockstep replay`. */
  replay: string;
  fix: { diff: string; verified: boolean } | null;
  /** Further consequences of the same mistake, each with its own schedule. */
  consequences: { class: Hazard; message: string; schedule: Schedule; replay: string }[];
}

export interface Review {
  tool: { name: string; version: string };
  series: { subject: string; messageId: string; version: number; patches: number };
  findings: Finding[];
  fixed: Finding[];
  notes: string[];
  skipped: { file: string; reason: string }[];
  stats: Record<string, number>;
}
