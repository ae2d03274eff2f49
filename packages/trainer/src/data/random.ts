/** A stream of uniform integers in 0 .. 2^32 - 1. */
export type Random = () => number;

/**
 * The stream that belongs to some integer keys, such as (seed, epoch, purpose): the same on every machine, and
 * derived from nothing but the keys, so that a resumed run draws what an undisturbed one would.
 * Generator: xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021).
 */
export function randomFor(...keys: number[]): Random {
  let hash = keys.length;
  for (const key of keys) hash = mix(Math.imul(hash ^ key, 0x9e3779b1) + Math.floor(key / 2 ** 32));
  // State from a Weyl sequence through a bijection: four distinct words, so never all zero.
  const [a, b, c, d] = [1, 2, 3, 4].map(i => mix(hash + Math.imul(i, 0x9e3779b9)));
  const state = Int32Array.of(a, b, c, d);
  return () => xoshiro(state);
}

/**
 * A uniform integer in 0 .. n - 1, n at most 2^32. Scaling a 32-bit draw favours some values by at most
 * n / 2^32 of their probability: nothing, for the n of pictures and pixels.
 */
export function below(n: number, random: Random): number {
  return Math.floor((random() / 2 ** 32) * n);
}

/**
 * What a random stream is for, the last of its keys: separate streams, so that augmentation leaves the order as it
 * is.
 */
export const STREAMS = { order: 1, augment: 2, holdOut: 3, mix: 4 } as const;

/** The stream that a picture's augmentation in an epoch is drawn from. @param index of the picture in its split */
export function pictureRandom({ seed, epoch }: { seed: number; epoch: number }, index: number): Random {
  return randomFor(seed, epoch, index, STREAMS.augment);
}

/** A uniformly drawn permutation of 0 .. count - 1 (Fisher-Yates). */
export function permutation(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = below(i + 1, random);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Steps the generator's four-word state, which is not all zero. */
export function xoshiro(s: Int32Array): number {
  const result = Math.imul(rotate(Math.imul(s[1], 5), 7), 9);
  const t = s[1] << 9;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate(s[3], 11);
  return result >>> 0;
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** MurmurHash3's finalizer, a bijection of 32-bit words in which every input bit reaches every output bit. */
function mix(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return x ^ (x >>> 16);
}
