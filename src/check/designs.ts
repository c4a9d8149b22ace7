/**
 * The designs of hazard models, run: each is explored to the end for a verdict, and what it costs is measured.
 *
 * Nothing is stored: the same C gives the same answer, and other C another one. A verdict is only as wide as its model;
 * what else it rests on is with it.
 */
import { buildProgram, parseModel } from '../extract/index.ts';
import type { Design, HazardModel, Probe, Rules } from '../rules/index.ts';
import { type Cost, exploreAll, measureCost, type Violates } from '../sim/index.ts';
import type { Hazard, Program } from '../sim/program.ts';

/** What exploring one design says. */
export interface DesignVerdict {
  model: string;
  design: string;
  title: string;
  verdict: 'safe' | 'violates' | 'not exhausted';
  /** The class that is worst in the order of HAZARDS; '' when nothing violates. */
  class: Hazard | '';
  /** Every class that is reachable, that one included. */
  classes: Hazard[];
  /** A bound cut executions off. */
  bounded: boolean;
  executions: number;
  assumptions: string[];
  /** One for each class. */
  violations: Violates[];
}

/** A model's design by its name. */
export interface NamedDesign {
  model: HazardModel;
  name: string;
  design: Design;
}

const MAX_MILLIS = 60_000;

/** Every design; models in the order of their first designs, designs in that of the model's file. */
export function allDesigns(rules: Rules): NamedDesign[] {
  const first = (model: HazardModel): string => Object.keys(model.designs)[0] ?? '';
  return [...rules.models]
    .sort((a, b) => (first(a) < first(b) ? -1 : 1))
    .flatMap((model) => Object.entries(model.designs).map(([name, design]) => ({ model, name, design })));
}

export function runDesign({ model, name, design }: NamedDesign, rules: Rules): DesignVerdict {
  const program = buildProgram(`${model.id} ${name}`, parseModel(model, rules), design, rules, null);
  const { verdicts, executions, exhausted, bounded } = exploreAll(program, { maxMillis: MAX_MILLIS });
  const classes = verdicts.map((v) => v.schedule.violation.hazard);
  return {
    model: model.id,
    design: name,
    title: design.title,
    verdict: verdicts.length > 0 ? 'violates' : exhausted ? 'safe' : 'not exhausted',
    class: classes[0] ?? '',
    classes,
    bounded,
    executions,
    assumptions: design.assumes ?? [],
    violations: verdicts,
  };
}

/** What one probe of a design costs with so many CPUs. */
export interface ProbeCost extends Cost {
  model: string;
  design: string;
  title: string;
  /** What is counted for each: `allocation`. */
  use: string;
}

export function runProbe(
  { model, name, design }: NamedDesign,
  probe: Probe,
  cpus: number,
  rules: Rules,
): ProbeCost {
  const program = probeProgram({ model, name, design }, probe, rules);
  const options = probe.rounds === undefined ? {} : { rounds: probe.rounds, uses: 1 };
  const cost = measureCost(program, program.threads[0]!.name, cpus, options);
  return { model: model.id, design: name, title: probe.title ?? design.title, use: probe.use, ...cost };
}

function probeProgram({ model, name }: NamedDesign, probe: Probe, rules: Rules): Program {
  const cast = { ...(probe.setup === undefined ? {} : { setup: probe.setup }), threads: [probe.of] };
  return buildProgram(`${model.id} ${name} cost`, parseModel(model, rules), cast, rules, null);
}
