import type { StepTime } from '@apb/core';

/** Sums up how long each of some steps takes. */
export class Clock {
  private readonly runs: number[];
  private readonly milliseconds: number[];

  constructor(steps: number) {
    this.runs = new Array(steps).fill(0);
    this.milliseconds = new Array(steps).fill(0);
  }

  /** Carries out step `i`; one that throws does not count. */
  time(i: number, step: () => void): void {
    const begin = performance.now();
    step();
    this.milliseconds[i] += performance.now() - begin;
    this.runs[i]++;
  }

  times(): StepTime[] {
    return this.runs.map((runs, i) => ({ runs, us: runs ? (1000 * this.milliseconds[i]) / runs : 0 }));
  }
}
