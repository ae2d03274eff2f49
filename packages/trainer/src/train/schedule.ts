/** How the learning rates change over a run; lengths in epochs, which may be fractions. */
export type Schedule =
  | { readonly kind: 'constant'; readonly warmupEpochs: number }
  | { readonly kind: 'cosine'; readonly warmupEpochs: number }
  | {
      readonly kind: 'multistep';
      readonly warmupEpochs: number;
      /** Finished epochs at which the rates are multiplied by `factor`. */
      readonly atEpochs: readonly number[];
      readonly factor: number;
    }
  | { readonly kind: 'one-cycle'; readonly warmupEpochs: number };

/** Learning rate of step 0 .. steps - 1 as a share of its peak. */
export function rateShare(schedule: Schedule, step: number, steps: number, stepsPerEpoch: number): number {
  const inSteps = (epochs: number) => Math.round(epochs * stepsPerEpoch);
  const warmup = inSteps(schedule.warmupEpochs);
  switch (schedule.kind) {
    case 'constant':
      return rise(step, warmup);
    case 'cosine':
      return cosine(step, steps, warmup);
    case 'multistep':
      return multistep(step, schedule.atEpochs.map(inSteps), schedule.factor, warmup);
    case 'one-cycle':
      return oneCycle(step, steps, warmup);
  }
}

/**
 * A linear rise over the first `warmup` steps, then half a cosine from 1 to 0 (Loshchilov and Hutter, arXiv
 * 1608.03983). The last step is still above 0.
 */
export function cosine(step: number, steps: number, warmup = 0): number {
  return step < warmup ? rise(step, warmup) : fall(step - warmup, steps - warmup);
}

/** A linear rise, then 1, multiplied by `factor` from each of the given steps on (He et al., arXiv 1512.03385). */
export function multistep(step: number, at: readonly number[], factor: number, warmup = 0): number {
  return rise(step, warmup) * factor ** at.filter(milestone => step >= milestone).length;
}

/** What a cycle starts from, a share of the peak. */
const CYCLE_START = 1 / 25;

/**
 * Half a cosine from 1/25 up to 1 over the first `warmup` steps, then half a cosine down to 0: one cycle (Smith and
 * Topin, arXiv 1708.07120) with the smooth ramps that are usual since. Momentum stays as it is.
 */
export function oneCycle(step: number, steps: number, warmup: number): number {
  if (step >= warmup) return fall(step - warmup, steps - warmup);
  return 1 - (1 - CYCLE_START) * fall(step, warmup);
}

/** Linear: 1 / (warmup + 1) in step 0, 1 from step `warmup` on. */
function rise(step: number, warmup: number): number {
  return Math.min(1, (step + 1) / (warmup + 1));
}

/** Half a cosine from 1 in step 0 to 0 in step `steps`. */
function fall(step: number, steps: number): number {
  return (1 + Math.cos((Math.PI * step) / Math.max(1, steps))) / 2;
}
