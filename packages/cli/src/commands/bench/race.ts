/** One call of what is timed; `turn` counts up, so that it can use its operands in turn. */
export type Call = (turn: number) => unknown;

export interface RaceOptions {
  /** Each one's time is cut into so many bursts, between which the others run. @default 8 */
  readonly rounds?: number;
  /** Of a burst, however long they take. @default 2 */
  readonly leastCalls?: number;
  /** Called after each of the rounds. */
  readonly onRound?: (done: number, rounds: number) => void;
}

/**
 * Times calls round by round, each in short bursts, so that what the machine does besides falls on all of them.
 * @param milliseconds of each call, over all rounds
 * @returns microseconds of each, in order: the least of all its calls
 */
export async function race(
  calls: readonly Call[],
  milliseconds: number,
  { rounds = 8, leastCalls = 2, onRound }: RaceOptions = {},
): Promise<number[]> {
  const best = calls.map(() => Number.POSITIVE_INFINITY);
  const turns = calls.map(() => 0);
  for (let round = 1; round <= rounds; round++) {
    for (const [i, call] of calls.entries()) {
      const end = performance.now() + milliseconds / rounds;
      for (let n = 0; n < leastCalls || performance.now() < end; n++)
        best[i] = Math.min(best[i], await timeOf(call, turns[i]++));
    }
    onRound?.(round, rounds);
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
