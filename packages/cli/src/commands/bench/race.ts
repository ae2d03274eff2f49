/** One call of what is timed; `turn` counts up, so that it can use its operands in turn. */
export type Call = (turn: number) => unknown;

/** Each one's share of the time is cut into so many bursts, between which the others run. */
const ROUNDS = 8;
const LEAST_CALLS = 2;

/**
 * Times calls round by round, each in short bursts, so that what the machine does besides falls on all of them.
 * @param milliseconds of each call, over all rounds
 * @param onRound is called after each of the rounds
 * @returns microseconds of each, in order: the least of all its calls
 */
export async function race(
  calls: readonly Call[],
  milliseconds: number,
  onRound: (done: number, rounds: number) => void = () => {},
): Promise<number[]> {
  const best = calls.map(() => Number.POSITIVE_INFINITY);
  const turns = calls.map(() => 0);
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [i, call] of calls.entries()) {
      const end = performance.now() + milliseconds / ROUNDS;
      for (let n = 0; n < LEAST_CALLS || performance.now() < end; n++)
        best[i] = Math.min(best[i], await timeOf(call, turns[i]++));
    }
    onRound(round, ROUNDS);
  }
  return best.map(ms => ms * 1e3);
}

/** Milliseconds; waits only where there is something to wait for, since that takes a turn of the event loop. */
async function timeOf(call: Call, turn: number): Promise<number> {
  const start = performance.now();
  const result = call(turn);
  if (result instanceof Promise) await result;
  return performance.now() - start;
}
