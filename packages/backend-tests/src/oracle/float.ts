/** Rounds to float32, nearest even: fl() of the contract's formulas. */
export const f = Math.fround;

/** Unit roundoff of float32: one rounding changes a normal result by at most UNIT times its size. */
export const UNIT = 2 ** -24;

/** Half the smallest float32 step, the most that one rounding changes a subnormal result. */
export const TINY = 2 ** -150;

/**
 * gamma_n = n*u / (1 - n*u): bound on the relative error of n chained roundings, in any order of summation
 * (Higham, Accuracy and Stability of Numerical Algorithms, lemma 3.1).
 */
export function gamma(n: number): number {
  return (n * UNIT) / (1 - n * UNIT);
}

/** Nearest integer, ties to even. */
export function nearestEven(x: number): number {
  const away = Math.round(x);
  return Math.abs(x - Math.trunc(x)) === 0.5 ? 2 * Math.round(x / 2) : away;
}
