import { random } from '../ops/arrays.js';

/** n float32 numbers of a normal distribution, by Box and Muller. */
export function normal(n: number, seed: number, deviation = 1): Float32Array {
  const next = random(seed);
  return Float32Array.from(
    { length: n },
    () => deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  );
}

const floats = new Float32Array(1);
const words = new Int32Array(floats.buffer);

/** The float32 `steps` places after x > 0 in order of size. */
export function step(x: number, steps: number): number {
  floats[0] = x;
  words[0] += steps;
  return floats[0];
}

/** x with its float32 neighbours, and all of them negated. */
export function around(x: number): number[] {
  const near = [-2, -1, 0, 1, 2].map(s => step(Math.fround(x), s));
  return [...near, ...near.map(v => -v)];
}
