import { roundUp, type Scope } from '../memory.js';
import type { IntWeights, SparseAddresses } from '../weights.js';
import { INT_CHUNK, type IntProduct } from './intProduct.js';

const f = Math.fround;

/** Turns the integer products of a chunk into float32 products; returns where they are. */
export type Terms = (count: number) => number;

/**
 * The first half of the epilogue for quantized input, bit for bit as core's op.ts states it:
 *
 *     product = fl( fl( fl(fl(alpha*step) * float(acc)) + fl(fl(alpha*base) * float(S)) ) + sparse )
 *
 * where a term that is absent is not added.
 */
export function quantizedTerms(product: IntProduct, scratch: Scope): Terms {
  const { device, weights, x, sums, borders } = product;
  const { kernels } = device;
  const { encoding } = x;
  const { step, base } = encoding.kind === 'sign' ? { step: encoding.scale, base: 0 } : encoding;
  const rows = weights.groups * weights.paddedRows;
  const y = scratch.alloc(4 * INT_CHUNK * rows);
  const scale = scratch.put(weights.scales.map(alpha => f(alpha * step)));
  const baseScale = scratch.put(weights.scales.map(alpha => f(alpha * base)));
  const inside = base === 0 ? undefined : borders.tapTotals(scratch, weights, 1);
  const sparse = weights.sparse && sparseTerm(product, scratch, weights.sparse, step, base);
  return count => {
    kernels.scaleSums(y, sums, count, rows, scale);
    if (inside !== undefined) kernels.addBase(y, count, rows, baseScale, inside, borders.classes);
    sparse?.(y, count);
    return y;
  };
}

/** Adds fl(fl(step * T) + fl(base * R)) to the rows that have full-precision weights. */
function sparseTerm(
  product: IntProduct,
  scratch: Scope,
  sparse: NonNullable<IntWeights['sparse']>,
  step: number,
  base: number,
): (y: number, count: number) => void {
  const { device, weights, borders } = product;
  const { kernels, lanes } = device;
  const { rowStart, columns, values, mask } = sparse;
  const { groups, groupRows, paddedRows, taps, channels } = weights;
  const rows = groups * paddedRows;
  const sums = scratch.alloc(4 * INT_CHUNK * rows);
  const panel = scratch.alloc(4 * lanes * roundUp(taps * channels, 32));
  const residuals = base === 0 ? 0 : residualTable(product, scratch, sparse);
  return (y, count) => {
    for (let g = 0; g < groups; g++)
      for (let i = 0; i < count; i += lanes) {
        unpack(product, g, i, panel);
        const to = sums + 4 * (i * rows + g * paddedRows);
        kernels.sparseProduct(to, 4 * rows, panel, groupRows, rowStart + 4 * g * groupRows, columns, values);
      }
    kernels.addSparse(y, count, rows, sums, step, mask, base, residuals, borders.classes);
  };
}

/** The activations of `lanes` patches as floats, interleaved. */
function unpack(product: IntProduct, group: number, first: number, panel: number): void {
  const { device, weights, x, patchBytes, patchStride, table } = product;
  const { taps, channels } = weights;
  const patches = product.patchesOf(group) + first * patchStride;
  if (product.signed)
    device.kernels.unpackSigns(panel, patches, patchBytes, table.address + 4 * first * taps, taps, channels);
  else device.kernels.unpackCodes(panel, patches, patchBytes, x.planes, taps * channels);
}

/** R per border class, [classes, all padded rows]. */
function residualTable(
  { device, weights, borders }: IntProduct,
  scratch: Scope,
  { rowStart, columns, values }: SparseAddresses,
): number {
  const { groups, groupRows, paddedRows, channels } = weights;
  const rows = groups * paddedRows;
  const table = scratch.alloc(4 * borders.inside.length * rows);
  borders.inside.forEach((taps, i) => {
    const mask = scratch.put(taps);
    for (let g = 0; g < groups; g++)
      device.kernels.residualSums(
        table + 4 * (i * rows + g * paddedRows),
        mask,
        channels,
        groupRows,
        rowStart + 4 * g * groupRows,
        columns,
        values,
      );
  });
  return table;
}
