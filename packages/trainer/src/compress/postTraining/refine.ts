import type { Layer } from './layers.js';
import type { Scaling } from './mask.js';
import type { Block, Moments } from './moments.js';

/** Sweeps over all weights; most of the gain comes with the first few. */
const SWEEPS = 10;
/** A sweep that gains less than this share ends the descent. */
const ENOUGH = 1e-3;

/** By row: energy of the output's error and of the output that is aimed at. */
export interface Energies {
  readonly error: Float64Array;
  readonly output: Float64Array;
}

/**
 * Coordinate descent on the output's error `(w_hat - target)^T C (w_hat - target)`: a sign is turned where that lowers
 * it, a full-precision value moved to its minimum, and alpha, of each row or of all, to its own.
 * @param values [rows, k], changed in place, as is `alpha`
 */
export function refine(
  layer: Layer,
  target: Float64Array,
  values: Float64Array,
  alpha: Float64Array,
  full: Uint8Array,
  moments: Moments,
  scaling: Scaling,
): Energies {
  const rows = Array.from({ length: layer.rows }, (_, r) => new Row(layer, r, target, values, full, moments));
  const output = Float64Array.from(rows, row => row.outputEnergy());
  // Rows that share no alpha have nothing to do with one another.
  if (scaling === 'layer') descend(rows, alpha);
  else
    rows.forEach((row, r) => {
      descend([row], alpha.subarray(r, r + 1));
    });
  return { error: Float64Array.from(rows, row => row.error()), output };
}

/** Sweeps over rows of one alpha until little is gained. */
function descend(rows: readonly Row[], alpha: Float64Array): void {
  const total = (of: (row: Row) => number) => rows.reduce((sum, row) => sum + of(row), 0);
  let before = total(row => row.error());
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const row of rows) row.sweep(alpha[0]);
    const step = -total(row => row.slope()) / total(row => row.curvature()) || 0;
    // A step across zero would turn all signs at once; the signs themselves see to that.
    if (alpha[0] + step > 0) {
      alpha.fill(alpha[0] + step);
      for (const row of rows) row.moveAlpha(alpha[0], step);
    }
    const after = total(row => row.error());
    if (after > before * (1 - ENOUGH)) return;
    before = after;
  }
}

/** A weight row with the products that a descent needs, kept up to date: a change of one weight costs k steps. */
class Row {
  private readonly parts: readonly RowBlock[];

  constructor(
    { rows, k }: Layer,
    r: number,
    target: Float64Array,
    values: Float64Array,
    full: Uint8Array,
    { groups }: Moments,
  ) {
    const blocks = groups[Math.floor(r / (rows / groups.length))];
    this.parts = blocks.map(block => {
      const [from, to] = [r * k + block.start, r * k + block.start + block.size];
      return new RowBlock(
        block,
        target.subarray(from, to),
        values.subarray(from, to),
        full.subarray(from, to),
      );
    });
  }

  sweep(alpha: number): void {
    for (const part of this.parts) part.sweep(alpha);
  }

  moveAlpha(alpha: number, step: number): void {
    for (const part of this.parts) part.moveAlpha(alpha, step);
  }

  /** Half the error's slope and curvature along alpha: s^T C (w_hat - target) and s^T C s, s the binarized signs. */
  slope(): number {
    return this.sum(part => part.alongSigns(part.gradient));
  }

  curvature(): number {
    return this.sum(part => part.alongSigns(part.signProduct));
  }

  error(): number {
    return this.sum(part => part.error());
  }

  outputEnergy(): number {
    return this.sum(part => part.outputEnergy());
  }

  private sum(of: (part: RowBlock) => number): number {
    return this.parts.reduce((total, part) => total + of(part), 0);
  }
}

class RowBlock {
  /** C (w_hat - target): half the gradient. */
  readonly gradient: Float64Array;
  /** C s, s the sign where a weight is binarized and 0 elsewhere. */
  readonly signProduct: Float64Array;

  constructor(
    private readonly block: Block,
    private readonly target: Float64Array,
    private readonly values: Float64Array,
    private readonly full: Uint8Array,
  ) {
    this.gradient = times(block, j => values[j] - target[j]);
    this.signProduct = times(block, j => this.sign(j));
  }

  sweep(alpha: number): void {
    const { size, covariance } = this.block;
    const { values, full, gradient, signProduct } = this;
    for (let j = 0; j < size; j++) {
      const own = covariance[j * size + j];
      // The error changes by 2 d g + d^2 C_jj when a weight changes by d.
      const d = full[j] ? -gradient[j] / own : values[j] < 0 ? 2 * alpha : -2 * alpha;
      if (!full[j] && d * (2 * gradient[j] + d * own) >= 0) continue;
      values[j] = full[j] ? values[j] + d : -values[j];
      const row = covariance.subarray(j * size, (j + 1) * size);
      add(gradient, row, d);
      if (!full[j]) add(signProduct, row, 2 * this.sign(j));
    }
  }

  moveAlpha(alpha: number, step: number): void {
    for (let j = 0; j < this.values.length; j++) if (!this.full[j]) this.values[j] = alpha * this.sign(j);
    add(this.gradient, this.signProduct, step);
  }

  alongSigns(v: Float64Array): number {
    let sum = 0;
    for (let j = 0; j < v.length; j++) sum += this.sign(j) * v[j];
    return sum;
  }

  error(): number {
    let sum = 0;
    for (let j = 0; j < this.values.length; j++) sum += (this.values[j] - this.target[j]) * this.gradient[j];
    return sum;
  }

  outputEnergy(): number {
    return times(this.block, j => this.target[j]).reduce((sum, v, j) => sum + v * this.target[j], 0);
  }

  private sign(j: number): number {
    return this.full[j] ? 0 : this.values[j] < 0 ? -1 : 1;
  }
}

/** C v for the symmetric C. */
function times({ size, covariance }: Block, v: (j: number) => number): Float64Array {
  const out = new Float64Array(size);
  for (let j = 0; j < size; j++) {
    const factor = v(j);
    if (factor !== 0) add(out, covariance.subarray(j * size, (j + 1) * size), factor);
  }
  return out;
}

function add(to: Float64Array, row: Float64Array, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i] += factor * row[i];
}
