/**
 * Learning rate of step 0 .. steps - 1 as a share of its peak: a linear rise over the first `warmup` steps, then
 * half a cosine from 1 to 0 (Loshchilov and Hutter, arXiv 1608.03983). The last step is still above 0.
 */
export function cosine(step: number, steps: number, warmup = 0): number {
  if (step < warmup) return (step + 1) / (warmup + 1);
  return (1 + Math.cos((Math.PI * (step - warmup)) / Math.max(1, steps - warmup))) / 2;
}
