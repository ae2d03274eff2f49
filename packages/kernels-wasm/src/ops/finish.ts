import { checkActivation, type Epilogue, expectChannels, expectShape } from '@apb/core';
import type { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';
import type { Scope } from '../memory.js';
import type { RowLayout } from '../weights.js';
import { activator, bounds } from './activate.js';
import { BorderClasses, type IntProduct } from './intProduct.js';
import { INT_CHUNK } from './lineRing.js';
import { expectQuantized, quantizeRows } from './quantize.js';
import { SparseTerms } from './sparseTerms.js';

/** Takes the products of `count` output pixels from `first` on, [count, all padded rows]. */
export type Finish = (products: number, first: number, count: number) => void;

/**
 * The second half of the epilogue for float products (core's op.ts): scale and shift, residual, activation, quantizer,
 * each over a chunk that is still in the cache.
 * @param chunk most pixels of one call
 * @throws RangeError when epilogue, residual and output do not fit each other
 */
export function floatFinisher(
  device: Device,
  scratch: Scope,
  e: Epilogue,
  layout: RowLayout,
  residual: WasmBuffer | undefined,
  out: WasmBuffer,
  chunk: number,
): Finish {
  const { kernels } = device;
  const outputs = new Outputs(device, scratch, e, residual, out, chunk);
  const activate = activator(device, scratch, e.activation, out.k);
  const bytes = 4 * out.k;
  const spread = 4 * layout.groups * layout.paddedRows;
  const parts = stretches(layout);
  return (products, first, count) => {
    const y = outputs.at(first);
    for (const { row, at, rows } of parts)
      kernels.affine(
        y + 4 * row,
        bytes,
        products + 4 * at,
        spread,
        count,
        rows,
        outputs.scale + 4 * row,
        outputs.shift + 4 * row,
      );
    if (residual) kernels.add(y, y, outputs.residualAt(first), count * out.k);
    activate?.(y, y, count);
    outputs.quantize(first, count);
  };
}

/**
 * The epilogue for quantized input, bit for bit as core's op.ts states it, on products of a stretch that `compute` left.
 * @throws RangeError when epilogue, residual and output do not fit each other
 */
export function intFinisher(
  product: IntProduct,
  scratch: Scope,
  e: Epilogue,
  residual: WasmBuffer | undefined,
  out: WasmBuffer,
): (first: number, count: number) => void {
  const { device, weights, x, windows } = product;
  const { kernels } = device;
  const outputs = new Outputs(device, scratch, e, residual, out, INT_CHUNK);
  checkActivation(e.activation, out.k);
  // Those that clamp are done in one go with the rest.
  const clamp =
    e.activation.kind === 'relu' || e.activation.kind === 'clamp' ? bounds(e.activation) : undefined;
  const activate = clamp ? undefined : activator(device, scratch, e.activation, out.k);
  const { encoding } = x;
  const { step, base } = encoding.kind === 'sign' ? { step: encoding.scale, base: 0 } : encoding;
  const alpha = scratch.put(times(weights.scales, step));
  const beta = base === 0 ? 0 : scratch.put(times(weights.scales, base));
  // Only a base other than 0 makes outputs depend on which taps are inside.
  const borders = base === 0 ? undefined : new BorderClasses(device, scratch, windows);
  const totals = borders?.tapTotals(scratch, weights) ?? 0;
  const { sparse } = weights;
  const terms = sparse && new SparseTerms(product, sparse, scratch);
  const residuals = (sparse && borders?.residualTotals(scratch, weights, sparse)) ?? 0;
  const classBytes = 4 * product.paddedRows;
  const lines = terms ? [terms.lines] : [];
  const parts = stretches(weights);
  return (first, count) => {
    product.compute(first, count, lines);
    terms?.compute(first, count);
    borders?.fill(first, count);
    const y = outputs.at(first);
    for (const { row, at, rows } of parts)
      kernels.finishRows(
        y + 4 * row,
        4 * out.k,
        product.sums + 4 * at,
        classBytes,
        count,
        rows,
        alpha + 4 * at,
        beta && beta + 4 * at,
        totals && totals + 4 * at,
        terms ? terms.sums + 4 * at : 0,
        step,
        base,
        sparse ? sparse.mask + 4 * at : 0,
        residuals && residuals + 4 * at,
        borders?.classes ?? 0,
        classBytes,
        outputs.scale + 4 * row,
        outputs.shift + 4 * row,
        residual ? outputs.residualAt(first) + 4 * row : 0,
        clamp !== undefined,
        clamp?.low ?? 0,
        clamp?.high ?? 0,
      );
    activate?.(y, y, count);
    outputs.quantize(first, count);
  };
}

/** Products rounded to float32. */
function times(values: Float32Array, factor: number): Float32Array {
  const products = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) products[i] = values[i] * factor;
  return products;
}

/** Where finished outputs go: into the output, or by way of a stage into its planes. */
class Outputs {
  readonly scale: number;
  readonly shift: number;
  private readonly stage: number;

  constructor(
    private readonly device: Device,
    scratch: Scope,
    private readonly e: Epilogue,
    private readonly residual: WasmBuffer | undefined,
    private readonly out: WasmBuffer,
    chunk: number,
  ) {
    expectChannels(e.scale, out.k, 'epilogue scale');
    expectChannels(e.shift, out.k, 'epilogue shift');
    if (residual) expectShape(residual.shape, out.shape, 'the residual');
    if (e.quantizer) expectQuantized(e.quantizer, out);
    this.scale = scratch.put(e.scale);
    this.shift = scratch.put(e.shift);
    this.stage = e.quantizer ? scratch.alloc(4 * chunk * out.k) : 0;
  }

  /** Where the floats of output pixel `first` and its followers go. */
  at(first: number): number {
    return this.e.quantizer ? this.stage : this.out.floats + 4 * first * this.out.k;
  }

  residualAt(first: number): number {
    return this.residual ? this.residual.floats + 4 * first * this.out.k : 0;
  }

  /** Packs what stands at `at`, if the output is packed. */
  quantize(first: number, count: number): void {
    if (this.e.quantizer) quantizeRows(this.device, this.e.quantizer, this.stage, this.out, first, count);
  }
}

/** Runs of rows that are contiguous in the padded layout: one, unless padding stands between groups. */
function stretches({
  groups,
  groupRows,
  paddedRows,
}: RowLayout): { row: number; at: number; rows: number }[] {
  if (groups === 1 || groupRows === paddedRows) return [{ row: 0, at: 0, rows: groups * groupRows }];
  return Array.from({ length: groups }, (_, g) => ({
    row: g * groupRows,
    at: g * paddedRows,
    rows: groupRows,
  }));
}
