const f = Math.fround;

/** | |w| - alpha | in float32: how far binarizing moves a weight. */
export function binarizationDistance(w: number, alpha: number): number {
  return Math.abs(f(Math.abs(f(w)) - f(alpha)));
}

/**
 * The APB predicate in float32: a weight is binarized where `| |w| - alpha | < delta`
 * (Nardini et al., arXiv 2306.08960, section 3). Trainer, exporter and tests all call this one.
 */
export function isBinarized(w: number, alpha: number, delta: number): boolean {
  return binarizationDistance(w, alpha) < f(delta);
}
