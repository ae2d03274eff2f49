import {
  type ConvGeometry,
  type Encoding,
  type Epilogue,
  type OpName,
  PLAN_VERSION,
  type Plan,
  type Tensor,
} from '@apb/core';
import { unpack } from '../oracle/bits.js';
import { encodingFor } from '../oracle/codes.js';
import { kernelWeights } from '../oracle/layer.js';
import { globalAveragePool } from '../oracle/pool.js';
import type { RandomFor } from '../scenario.js';
import { exactFloatInput, exactFloatLayer } from './exactFloats.js';
import { codeQuantizer, makeEpilogue } from './finishes.js';
import { randomLayer } from './layers.js';
import { KnownProduct } from './product.js';

/** What the network below needs of a backend. */
export const executeNeeds: readonly OpName[] = ['conv2d:32/32', 'conv2d:1/2', 'padChannels', 'globalAvgPool'];

export interface Network {
  readonly plan: Plan;
  readonly input: Tensor;
  readonly expected: Tensor;
}

/**
 * A network whose every result is fixed to the last bit: a float convolution that rounds nothing, to 2-bit codes;
 * a 1/2 convolution with the padded input as its residual; the mean over pixels.
 */
export function network(random: ReturnType<RandomFor>, batch: number): Network {
  const first: ConvGeometry = same3x3(3, 8);
  const second: ConvGeometry = same3x3(8, 8);
  const input = exactFloatInput(random, [batch, 5, 6, 3]);
  const stem = exactFloatLayer(random, 32, { rows: 8, k: 27 });
  const body = randomLayer(random, 1, { rows: 8, k: 72, sparsity: 'few', geometry: second });
  const toCodes: Epilogue = {
    scale: new Float32Array(8).fill(1),
    shift: new Float32Array(8),
    activation: { kind: 'relu' },
    quantizer: codeQuantizer(2, 0, 12),
  };
  const encoding: Encoding = encodingFor(toCodes.quantizer!);
  const hidden = new KnownProduct({
    label: 'stem',
    x: input,
    layer: stem,
    geometry: first,
    exactFloats: true,
  });
  const codes = hidden.expected(toCodes);
  if (codes?.kind !== 'planes') throw new Error('the stem writes planes');
  const x = { shape: codes.shape, encoding, codes: unpack(codes.planes) };
  const known = new KnownProduct({ label: 'body', x, layer: body, geometry: second });
  const epilogue = makeEpilogue(random, 'residual prelu', 8, known.size);
  const wide = Float32Array.from({ length: batch * 30 * 8 }, (_, i) =>
    i % 8 < 3 ? input.data[Math.floor(i / 8) * 3 + (i % 8)] : 0,
  );
  const y = known.expected(epilogue, wide);
  if (y?.kind !== 'float') throw new Error('the body writes floats');
  const plan: Plan = {
    version: PLAN_VERSION,
    buffers: [
      { kind: 'float', shape: [5, 6, 3] },
      { kind: 'planes', shape: [5, 6, 8], encoding },
      { kind: 'float', shape: [5, 6, 8] },
      { kind: 'float', shape: [5, 6, 8] },
      { kind: 'float', shape: [8] },
    ],
    weights: [
      { name: 'stem', weights: kernelWeights(stem), use: { activationBits: 32, geometry: first } },
      { name: 'body', weights: kernelWeights(body), use: { activationBits: 2, geometry: second } },
    ],
    steps: [
      { nodes: ['stem'], op: { op: 'conv2d', epilogue: toCodes }, inputs: [0], output: 1, weights: 0 },
      { nodes: ['widen'], op: { op: 'padChannels', before: 0, after: 5 }, inputs: [0], output: 2 },
      { nodes: ['body'], op: { op: 'conv2d', epilogue }, inputs: [1, 2], output: 3, weights: 1 },
      { nodes: ['mean'], op: { op: 'globalAvgPool' }, inputs: [3], output: 4 },
    ],
    input: 0,
    output: 4,
  };
  return { plan, input, expected: { shape: [batch, 8], data: globalAveragePool(y.data, y.shape) } };
}

export function same3x3(inChannels: number, outChannels: number): ConvGeometry {
  return {
    inChannels,
    outChannels,
    kernel: [3, 3],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [1, 1, 1, 1],
    groups: 1,
  };
}
