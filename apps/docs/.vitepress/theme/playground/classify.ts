import { normalise, type Session } from '@apb/runtime';

interface Ranked {
  readonly name: string;
  readonly probability: number;
}

export interface Answer {
  /** All classes, best first. */
  readonly classes: readonly Ranked[];
  /** Median over `runs`, the way to the worker and back included. */
  readonly milliseconds: number;
  readonly runs: number;
}

/** Enough for a median that stays put, and an end for slow backends. */
const MAX_RUNS = 31;
const MAX_MILLISECONDS = 600;

/** @param pixels one picture */
export async function classify(session: Session, pixels: Uint8Array): Promise<Answer> {
  const batch = normalise(pixels, 1, session.input);
  // The first run has code to compile and memory to find; its scores are as good as any.
  const scores = await session.run(batch);
  const times: number[] = [];
  const begin = performance.now();
  do {
    const start = performance.now();
    await session.run(batch);
    times.push(performance.now() - start);
  } while (times.length < MAX_RUNS && performance.now() - begin < MAX_MILLISECONDS);
  return { classes: ranked(scores.data, session.classes), milliseconds: median(times), runs: times.length };
}

/** Softmax probabilities, best first. */
function ranked(scores: Float32Array, names: readonly string[]): Ranked[] {
  const largest = scores.reduce((a, b) => Math.max(a, b));
  const weights = Array.from(scores, score => Math.exp(score - largest));
  const total = weights.reduce((a, b) => a + b);
  return weights
    .map((weight, i) => ({ name: names[i] ?? String(i), probability: weight / total }))
    .sort((a, b) => b.probability - a.probability);
}

function median(values: number[]): number {
  const sorted = values.sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
