import type { ConvGeometry } from '@apb/core';
import { type Codes, integerOf, magnitudeOf, realOf } from './codes.js';
import { convolve, forEachOutput, outputShape, padImages } from './convolution.js';
import { f, gamma, TINY } from './float.js';
import {
  dense,
  type FloatLayer,
  type IntLayer,
  type Layer,
  magnitudes,
  residualAt,
  scaleAt,
} from './layer.js';

/** Real results and how far a float32 computation may be from each. */
export interface Bounded {
  readonly values: Float64Array;
  readonly errors: Float64Array;
}

/** out[i * rows + j] = sum over k of integers: codes [m, k] times layer [rows, k], exact below 2^53. */
export function integerProduct(x: Codes, layer: IntLayer): Int32Array {
  const { rows, k, integers } = layer;
  const m = x.codes.length / k;
  const a = Float64Array.from(x.codes, code => integerOf(code, x.encoding));
  const out = new Int32Array(m * rows);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < rows; j++) {
      let sum = 0;
      for (let t = 0; t < k; t++) sum += a[i * k + t] * integers[j * k + t];
      if (Math.abs(sum) >= 2 ** 31) throw new Error(`the suite's own problem overflows: ${sum}`);
      out[i * rows + j] = sum;
    }
  return out;
}

/** The product of quantized input bit for bit, before the epilogue, in the order that the contract fixes (op.ts). */
export function exactProduct(x: Codes, layer: IntLayer, g: ConvGeometry): Float32Array {
  const { encoding } = x;
  const step = encoding.kind === 'sign' ? encoding.scale : encoding.step;
  const base = encoding.kind === 'sign' ? 0 : encoding.base;
  const ints = padImages(
    Float64Array.from(x.codes, c => integerOf(c, encoding)),
    x.shape,
    g.pads,
    0,
  );
  const inside = padImages(new Uint8Array(x.codes.length).fill(1), x.shape, g.pads, 0).data;
  const residuals = Float64Array.from(layer.full, (full, at) => (full ? residualAt(layer, at) : 0));
  const sparseRow = (row: number) => layer.full.subarray(row * layer.k, (row + 1) * layer.k).includes(1);
  const hasSparse = Array.from({ length: layer.rows }, (_, row) => sparseRow(row));
  const out = new Float32Array(outputShape(x.shape, g).reduce((a, b) => a * b, 1));
  forEachOutput(ints.shape, g, (at, row, taps) => {
    let acc = 0;
    let S = 0;
    let T = 0;
    let R = 0;
    taps((input, weight) => {
      if (inside[input] === 0) return;
      acc += layer.integers[weight] * ints.data[input];
      S += layer.integers[weight];
      if (layer.full[weight] === 0) return;
      T = f(T + f(residuals[weight] * ints.data[input]));
      R = f(R + residuals[weight]);
    });
    const alpha = scaleAt(layer, row);
    let product = f(f(alpha * step) * f(acc));
    if (base !== 0) product = f(product + f(f(alpha * base) * f(S)));
    if (hasSparse[row]) {
      let sparse = f(step * T);
      if (base !== 0) sparse = f(sparse + f(base * R));
      product = f(product + sparse);
    }
    out[at] = product;
  });
  return out;
}

/**
 * The real product of quantized input. Error of the contract's order: the integer sums are exact; each term
 * alpha*step*acc, alpha*base*S sees three roundings and two additions, each sparse term the rounding of r, of
 * r*q, at most `nnz` additions, the multiplication by step or base and two additions. Every path has at most
 * nnz + 6 roundings, so the error is within gamma(nnz + 6) of the sum of the terms' sizes. Underflow adds at
 * most TINY for each operation, weighed by codes up to 255 behind it (scales, steps and bases are below 4).
 */
export function trueQuantizedProduct(x: Codes, layer: IntLayer, g: ConvGeometry): Bounded {
  const values = Float64Array.from(x.codes, code => realOf(code, x.encoding));
  const sizes = Float64Array.from(x.codes, code => magnitudeOf(code, x.encoding));
  let nnz = 0;
  for (let row = 0; row < layer.rows; row++)
    nnz = Math.max(
      nnz,
      layer.full.subarray(row * layer.k, (row + 1) * layer.k).reduce((a, b) => a + b, 0),
    );
  return bounded(values, sizes, x.shape, layer, g, nnz + 6);
}

/**
 * The real product of float32 input. The order is free: alpha * sum(s*a) + sum(r*a) or sum(w*a). Every path
 * from a term to the result has at most k additions, the rounding of r, the product with alpha and the last
 * addition, doubled where an implementation rounds what it need not: gamma(k + 8) of the sum of the terms'
 * sizes |alpha*s*a| + |r*a|, which also bounds |w*a|.
 */
export function trueFloatProduct(
  x: Float32Array,
  shape: readonly number[],
  layer: Layer,
  g: ConvGeometry,
): Bounded {
  return bounded(Float64Array.from(x), Float64Array.from(x, Math.abs), shape, layer, g, layer.k + 8);
}

function bounded(
  values: Float64Array,
  sizes: Float64Array,
  shape: readonly number[],
  layer: IntLayer | FloatLayer,
  g: ConvGeometry,
  roundings: number,
): Bounded {
  const errors = convolve(sizes, shape, magnitudes(layer), g);
  const underflow = 4 * 4 * TINY * 255 * (layer.k + 8);
  for (let i = 0; i < errors.length; i++) errors[i] = gamma(roundings) * errors[i] + underflow;
  return { values: convolve(values, shape, dense(layer), g), errors };
}
