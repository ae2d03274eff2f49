/** Clocks of browsers tick every tenth of a millisecond: calls are timed so many milliseconds at a time. */
const BATCH_MS = 1;

/** Microseconds of a call: of the fastest of the batches of calls that fit so many milliseconds, of two at least. */
export function leastUs(call: () => void, milliseconds: number): number {
  const end = performance.now() + milliseconds;
  let calls = 1;
  let best = Number.POSITIVE_INFINITY;
  for (let n = 0; n < 2 || performance.now() < end; n++) {
    const ms = timeOf(call, calls);
    best = Math.min(best, ms / calls);
    if (ms < BATCH_MS) calls *= 2;
  }
  return best * 1e3;
}

function timeOf(call: () => void, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) call();
  return performance.now() - start;
}
