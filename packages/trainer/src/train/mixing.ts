import { below, permutation, type Random, randomFor, STREAMS } from '../data/random.js';

/** How pictures of a batch are mixed with each other. */
export interface Mixing {
  /** Mixup: shares drawn from Beta(mixup, mixup). */
  readonly mixup?: number;
  /** CutMix: areas drawn from Beta(cutmix, cutmix). Given both, each batch takes one of them, with equal chances. */
  readonly cutmix?: number;
  /** Share of the batches that are mixed. */
  readonly probability: number;
}

/** Pictures and what is to be answered to them; written over in place. */
export interface Mixable {
  /** Row-major [count, height, width, channels]. */
  readonly images: Float32Array;
  /** Row-major [count, classes]. */
  readonly targets: Float32Array;
  readonly count: number;
}

/**
 * The random stream of a batch's mixing, a function of its arguments alone.
 * @param step over the whole run
 */
export function mixingRandom(seed: number, step: number): Random {
  return randomFor(seed, step, STREAMS.mix);
}

/** Mixes a batch, or leaves it as it is, as `mixing` and the random stream say. @param shape of a picture */
export function mix(
  batch: Mixable,
  shape: readonly number[],
  { mixup: forMixup, cutmix: forCutmix, probability }: Mixing,
  random: Random,
): void {
  if (unit(random) >= probability) return;
  const both = forMixup !== undefined && forCutmix !== undefined;
  const cuts = both ? below(2, random) === 1 : forCutmix !== undefined;
  const share = beta((cuts ? forCutmix : forMixup)!, random);
  const partners = permutation(batch.count, random);
  if (cuts) cutmix(batch, shape, partners, boxOf(shape, share, random));
  else mixup(batch, partners, share);
}

/**
 * Mixup (Zhang et al., arXiv 1710.09412): every picture becomes `share * x_i + (1 - share) * x_partner`, and so do the
 * targets.
 */
export function mixup({ images, targets, count }: Mixable, partners: ArrayLike<number>, share: number): void {
  for (const rows of [images, targets]) {
    const [before, size] = [rows.slice(), rows.length / count];
    for (let i = 0; i < count; i++)
      for (let j = 0; j < size; j++)
        rows[i * size + j] = share * before[i * size + j] + (1 - share) * before[partners[i] * size + j];
  }
}

/** Rows top .. bottom - 1, columns left .. right - 1. */
export interface Box {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/**
 * CutMix (Yun et al., arXiv 1905.04899): every picture gets its partner's pixels within the box, and its targets are
 * mixed by area.
 */
export function cutmix(
  { images, targets, count }: Mixable,
  [height, width, channels]: readonly number[],
  partners: ArrayLike<number>,
  { top, bottom, left, right }: Box,
): void {
  const before = images.slice();
  const size = height * width * channels;
  for (let i = 0; i < count; i++)
    for (let y = top; y < bottom; y++) {
      const [from, to] = [(y * width + left) * channels, (y * width + right) * channels];
      images.set(before.subarray(partners[i] * size + from, partners[i] * size + to), i * size + from);
    }
  const cut = ((bottom - top) * (right - left)) / (height * width);
  mixup({ images: new Float32Array(0), targets, count }, partners, 1 - cut);
}

/** A box of the share 1 - `share` of the picture around a uniformly drawn pixel, cut off at the borders. */
function boxOf([height, width]: readonly number[], share: number, random: Random): Box {
  const side = Math.sqrt(1 - share);
  const [halfHeight, halfWidth] = [Math.floor((height * side) / 2), Math.floor((width * side) / 2)];
  const [y, x] = [below(height, random), below(width, random)];
  return {
    top: Math.max(0, y - halfHeight),
    bottom: Math.min(height, y + halfHeight),
    left: Math.max(0, x - halfWidth),
    right: Math.min(width, x + halfWidth),
  };
}

/**
 * A draw from Beta(a, a) by Johnk's method (1964): u^(1/a) / (u^(1/a) + v^(1/a)) for uniform u, v whose denominator is
 * at most 1. In logarithms, since the powers underflow for small a. Of two draws it takes one for a <= 1 and one of 70
 * for a = 4, the largest that settings allow.
 */
export function beta(a: number, random: Random): number {
  for (;;) {
    // The middles of 2^32 equal parts of (0, 1): never 0.
    const [x, y] = [0, 1].map(() => Math.log((random() + 0.5) / 2 ** 32) / a);
    const larger = Math.max(x, y);
    const sum = larger + Math.log1p(Math.exp(Math.min(x, y) - larger));
    if (sum <= 0) return Math.exp(x - sum);
  }
}

/** Uniform in [0, 1). */
function unit(random: Random): number {
  return random() / 2 ** 32;
}
