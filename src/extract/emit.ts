/** Collects a routine's operations; every operation carries the site that was current when it was made. */
import type { Op, Routine, Site } from '../sim/program.ts';

export class Emitter {
  readonly routine: Routine;
  private site = -1;
  private temporaries = 0;
  private labels = 0;

  constructor(name: string, params: string[]) {
    this.routine = { name, params, code: [], sites: [] };
  }

  /** Operations emitted from here on come from `site`. */
  at(site: Site): void {
    this.routine.sites.push(site);
    this.site = this.routine.sites.length - 1;
  }

  get currentSite(): number {
    return this.site;
  }

  resume(site: number): void {
    this.site = site;
  }

  op(op: Op): void {
    this.routine.code.push(this.site < 0 ? op : { ...op, site: this.site });
  }

  /** A fresh register; the sign keeps it apart from every name in C. */
  temporary(): string {
    return `%${this.temporaries++}`;
  }

  label(): string {
    return `L${this.labels++}`;
  }

  place(label: string): void {
    this.op({ op: 'label', name: label });
  }
}
