import { expectRank, expectShape } from '../backend/checks.js';
import { type ConvGeometry, outputSize } from '../backend/geometry.js';
import type { Epilogue } from '../backend/op.js';
import type { Shape } from '../tensor/shape.js';
import type { ReferenceBuffer } from './buffer.js';
import { finish } from './epilogue.js';
import { matchWidth } from './gemm.js';
import { inputValues, type Patch, patchProduct } from './product.js';
import type { ReferenceWeights } from './weights.js';

/** [N, H, W, C] -> [N, H', W', outChannels]: one patch per output pixel and group, gathered once for all channels. */
export function conv2d(
  epilogue: Epilogue,
  x: ReferenceBuffer,
  weights: ReferenceWeights,
  residual: ReferenceBuffer | undefined,
  out: ReferenceBuffer,
): void {
  const g = weights.geometry;
  if (!g) throw new RangeError('these weights were prepared for a matrix product, not a convolution');
  expectRank(x.shape, 4, 'the input of a convolution');
  expectShape(x.shape, [...x.shape.slice(0, 3), g.inChannels], 'the input of this convolution');
  matchWidth(x, weights);
  const [n, height, width] = convOutput(x.shape, g);
  expectShape(out.shape, [n, height, width, g.outChannels], 'the output of this convolution');
  const products = new Float32Array(n * height * width * g.outChannels);
  const perGroup = g.outChannels / g.groups;
  const product = patchProduct(weights.data, x);
  const patch = { values: new Float32Array(weights.k), inside: new Uint8Array(g.kernel[0] * g.kernel[1]) };
  forEachPatch(inputValues(x), x.shape, g, patch, (position, group) => {
    const first = group * perGroup;
    product(patch, [first, first + perGroup], products, position * g.outChannels + first);
  });
  finish(products, epilogue, residual, out);
}

/** Batch, height and width of the output. @throws RangeError when the kernel does not fit */
function convOutput(
  [n, h, w]: Shape,
  { kernel, strides, dilations, pads }: ConvGeometry,
): [number, number, number] {
  return [
    n,
    outputSize(h, kernel[0], strides[0], dilations[0], pads[0], pads[2]),
    outputSize(w, kernel[1], strides[1], dilations[1], pads[1], pads[3]),
  ];
}

/**
 * Fills `patch` for every output position (row-major over N, H', W') and group, in the order (kh, kw, c of the
 * group), and calls `visit`.
 */
function forEachPatch(
  input: Float32Array,
  shape: Shape,
  g: ConvGeometry,
  { values, inside }: Patch,
  visit: (position: number, group: number) => void,
): void {
  const [, h, w, channels] = shape;
  const [n, outH, outW] = convOutput(shape, g);
  const perGroup = channels / g.groups;
  let position = 0;
  for (let b = 0; b < n; b++)
    for (let y = 0; y < outH; y++)
      for (let x = 0; x < outW; x++, position++)
        for (let group = 0; group < g.groups; group++) {
          let to = 0;
          let tap = 0;
          for (let ky = 0; ky < g.kernel[0]; ky++) {
            const iy = y * g.strides[0] - g.pads[0] + ky * g.dilations[0];
            for (let kx = 0; kx < g.kernel[1]; kx++, tap++) {
              const ix = x * g.strides[1] - g.pads[1] + kx * g.dilations[1];
              inside[tap] = Number(iy >= 0 && iy < h && ix >= 0 && ix < w);
              const from = ((b * h + iy) * w + ix) * channels + group * perGroup;
              for (let c = 0; c < perGroup; c++) values[to++] = inside[tap] ? input[from + c] : 0;
            }
          }
          visit(position, group);
        }
}
