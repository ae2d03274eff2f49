import { type Epilogue, expectRank, expectShape } from '@apb/core';
import type { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';
import type { WasmWeights } from '../weights.js';
import { flatWindows, forEachStretch, type Windows } from '../windows.js';
import { floatFinisher, intFinisher } from './finish.js';
import { FLOAT_CHUNK, floatProduct } from './floatProduct.js';
import { IntProduct } from './intProduct.js';
import { INT_CHUNK } from './lineRing.js';

/** out[i * rows + j] = sum over k of weight code j times activation i, exact. */
export function gemmInt(device: Device, a: WasmBuffer, weights: WasmWeights, out: Int32Array): void {
  const w = weights.data;
  if (w.kind !== 'int')
    throw new RangeError(
      `gemmInt needs quantized activations, the weights were prepared for ${weights.product}`,
    );
  const windows = matrixWindows(a, weights);
  const { rows } = weights;
  if (out.length !== a.rows * rows)
    throw new RangeError(`the output of gemmInt must hold ${a.rows * rows} values, got ${out.length}`);
  device.withScratch(scratch => {
    const product = new IntProduct(device, scratch, a, w, windows);
    forEachStretch(windows, INT_CHUNK, (first, count) => {
      product.compute(first, count);
      const sums = device.memory.ints(product.sums, count * w.paddedRows);
      for (let i = 0; i < count; i++)
        out.set(sums.subarray(i * w.paddedRows, i * w.paddedRows + rows), (first + i) * rows);
    });
  });
}

/** [m, k] x weights [n, k] -> [m, n]. */
export function gemm(
  device: Device,
  epilogue: Epilogue,
  x: WasmBuffer,
  weights: WasmWeights,
  residual: WasmBuffer | undefined,
  out: WasmBuffer,
): void {
  const windows = matrixWindows(x, weights);
  expectShape(out.shape, [x.rows, weights.rows], 'the output of gemm');
  run(device, epilogue, x, weights, windows, residual, out);
}

/** [N, H, W, C] -> [N, H', W', outChannels]. */
export function conv2d(
  device: Device,
  epilogue: Epilogue,
  x: WasmBuffer,
  weights: WasmWeights,
  residual: WasmBuffer | undefined,
  out: WasmBuffer,
): void {
  const { geometry } = weights;
  if (!geometry) throw new RangeError('these weights were prepared for a matrix product, not a convolution');
  expectRank(x.shape, 4, 'the input of a convolution');
  expectShape(x.shape, [...x.shape.slice(0, 3), geometry.inChannels], 'the input of this convolution');
  matchWidth(x, weights);
  const { windows, flat } = weights.windowsOf(x.shape, geometry);
  const { pictures, outH, outW } = windows;
  expectShape(out.shape, [pictures, outH, outW, geometry.outChannels], 'the output of this convolution');
  run(device, epilogue, x, weights, flat, residual, out);
}

function run(
  device: Device,
  epilogue: Epilogue,
  x: WasmBuffer,
  weights: WasmWeights,
  windows: Windows,
  residual: WasmBuffer | undefined,
  out: WasmBuffer,
): void {
  const w = weights.data;
  device.withScratch(scratch => {
    if (w.kind === 'float') {
      const finish = floatFinisher(device, scratch, epilogue, w, residual, out, FLOAT_CHUNK);
      floatProduct(device, scratch, x, w, windows, finish);
    } else {
      const product = new IntProduct(device, scratch, x, w, windows);
      const finish = intFinisher(product, scratch, epilogue, residual, out);
      forEachStretch(windows, INT_CHUNK, finish);
    }
  });
}

/** Checks that x is [m, k] of the width the weights were prepared for. */
function matrixWindows(x: WasmBuffer, weights: WasmWeights): Windows {
  if (weights.geometry)
    throw new RangeError('these weights were prepared for a convolution, not a matrix product');
  expectRank(x.shape, 2, 'the input of a matrix product');
  expectShape(x.shape, [x.rows, weights.k], 'the input of this matrix product');
  matchWidth(x, weights);
  return flatWindows(x.rows);
}

/** @throws RangeError when the activations' bits are not those the weights were prepared for */
function matchWidth(x: WasmBuffer, weights: WasmWeights): void {
  const bits = x.spec.kind === 'float' ? 32 : x.spec.encoding.bits;
  if (weights.product.split('/')[1] !== String(bits))
    throw new RangeError(`weights prepared for ${weights.product} cannot meet ${bits}-bit activations`);
}
