import type { ProfiledStep as SessionStep } from '@apb/runtime';

/** What one step of a network takes. */
export interface ProfiledStep {
  /** Of the graph. */
  readonly nodes: readonly string[];
  readonly op: string;
  readonly product: string | null;
  /** Microseconds of a run, on average. */
  readonly us: number;
}

/** The steps' times in the runs between two readings of a session's profile. */
export function profileBetween(
  before: readonly SessionStep[],
  after: readonly SessionStep[],
): ProfiledStep[] {
  const total = ({ runs, us }: SessionStep) => runs * us;
  return after.map((step, i) => {
    const { nodes, op, product = null } = step;
    const runs = step.runs - before[i].runs;
    return { nodes, op, product, us: runs > 0 ? (total(step) - total(before[i])) / runs : 0 };
  });
}
