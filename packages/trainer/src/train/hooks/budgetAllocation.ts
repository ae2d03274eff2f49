import { InputError, paperBits } from '@apb/core';

/** What one compressed layer brings to the competition for full-precision weights. */
export interface Contender {
  /** | |w| - alpha | of every weight in float32, as the APB predicate computes it: what binarizing costs it. */
  readonly distances: Float32Array;
  /** Mean squared gradient of the layer's weights: how much the loss minds an error in one of them. */
  readonly sensitivity: number;
  /** alpha: one for the layer or one per output channel. */
  readonly scales: number;
  /** Smallest allowed half-width. */
  readonly deltaMin: number;
}

export interface Allocation {
  /** Half-width per layer, float32. */
  readonly deltas: number[];
  /** Full-precision weights per layer: those with `distance >= delta`. */
  readonly counts: number[];
  /** By the paper's accounting, over all layers. */
  readonly bitsPerWeight: number;
}

/** Halvings of the price: float32 distances span at most 2^277 between the smallest and the largest. */
const HALVINGS = 64;

/**
 * Shares a memory budget among layers. A weight of layer l that is binarized moves by its distance d, which costs
 * the loss about 1/2 F_l d^2 (F_l the layer's mean squared gradient, the usual stand-in for its curvature: LeCun
 * et al., Optimal Brain Damage, 1989, with the empirical Fisher matrix); kept, it takes c_l = 32 + ceil(log2 n_l)
 * bits. All layers pay one price p per bit, so a weight is kept where
 *
 *     F_l d^2 / (2 c_l) >= p      <=>      d >= delta_l = sqrt(2 c_l p / F_l),
 *
 * and p is the lowest at which all layers together stay within the budget. Cost: a sort of every layer's weights.
 * @param bitsPerWeight mean over all weights, by the paper's accounting
 * @throws InputError when even the smallest deltas, or none in full precision, miss the budget by over 2 %
 */
export function allocate(contenders: readonly Contender[], bitsPerWeight: number): Allocation {
  const sorted = contenders.map(({ distances }) => distances.slice().sort());
  const weights = sorted.reduce((sum, distances) => sum + distances.length, 0);
  const at = (price: number): Allocation => {
    const deltas = contenders.map(layer => deltaAt(price, layer));
    const counts = deltas.map((delta, i) => countAtLeast(sorted[i], delta));
    const bits = counts.reduce((sum, s, i) => sum + paperBits(sorted[i].length, s, contenders[i].scales), 0);
    return { deltas, counts, bitsPerWeight: bits / weights };
  };
  // Between a price at which nobody keeps a weight and one at which everybody keeps all that its delta allows.
  const prices = contenders.map((layer, i) => priceOf(layer, sorted[i][sorted[i].length - 1]));
  let high = 2 * Math.max(...prices, Number.MIN_VALUE);
  let low = 0;
  const [least, most] = [at(high), at(low)];
  if (bitsPerWeight < least.bitsPerWeight * 0.98 || bitsPerWeight > most.bitsPerWeight * 1.02)
    throw new InputError(
      `bitsPerWeight ${bitsPerWeight} cannot be reached: these layers take ${least.bitsPerWeight.toFixed(3)} to ` +
        `${most.bitsPerWeight.toFixed(3)} bits a weight${most.bitsPerWeight < 32 ? ' while delta stays above alpha' : ''}`,
    );
  if (most.bitsPerWeight <= bitsPerWeight) return most;
  let best = least;
  for (let i = 0; i < HALVINGS; i++) {
    // The geometric mean once there is a lower bound: prices differ by orders of magnitude.
    const price = low === 0 ? high / 2 ** (i + 1) : Math.sqrt(low * high);
    const found = at(price);
    if (found.bitsPerWeight <= bitsPerWeight) {
      best = found;
      high = price;
    } else low = price;
    if (low > 0 && high / low < 1 + 1e-7) break;
  }
  return best;
}

/** Bits that a full-precision weight takes beside its sign. */
function bitsOfOne({ distances }: Contender): number {
  return paperBits(distances.length, 1) - paperBits(distances.length, 0);
}

function deltaAt(price: number, layer: Contender): number {
  const delta = Math.fround(Math.sqrt((2 * bitsOfOne(layer) * price) / layer.sensitivity));
  return Math.max(delta, layer.deltaMin);
}

/** The price at which a weight of this distance is just kept. */
function priceOf(layer: Contender, distance: number): number {
  return (layer.sensitivity * distance ** 2) / (2 * bitsOfOne(layer));
}

/** Entries of an ascending array that are >= x. */
function countAtLeast(ascending: Float32Array, x: number): number {
  let [from, to] = [0, ascending.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (ascending[middle] >= x) to = middle;
    else from = middle + 1;
  }
  return ascending.length - from;
}
