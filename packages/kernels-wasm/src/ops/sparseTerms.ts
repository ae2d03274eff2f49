import type { Scope } from '../memory.js';
import { FloatLines } from './floatLines.js';
import type { IntProduct } from './intProduct.js';
import { INT_CHUNK } from './lineRing.js';

/**
 * The full-precision weights' part of quantized products. After `compute`, `sums` holds T as
 * [count, all padded rows] float32, undefined in rows without such weights.
 */
export class SparseTerms {
  readonly sums: number;
  readonly lines: FloatLines;
  private readonly entries: number;
  private readonly lineTable: number;

  constructor(
    private readonly product: IntProduct,
    private readonly sparse: NonNullable<IntProduct['weights']['sparse']>,
    scratch: Scope,
  ) {
    const { device, x, weights, windows, ring, paddedRows } = product;
    const { rowStart, columns, count } = sparse;
    const { groups, groupRows, channels } = weights;
    this.lines = new FloatLines(device, scratch, x, windows, ring.lines);
    // The last vector of a line's pixels may reach past the end.
    this.sums = scratch.alloc(4 * (INT_CHUNK + device.lanes) * paddedRows);
    this.lineTable = scratch.alloc(4 * windows.kh);
    this.entries = scratch.alloc(8 * count);
    const tapInfo = scratch.put(this.lines.tapInfo());
    for (let g = 0; g < groups; g++)
      device.kernels.sparseEntries(
        this.entries,
        groupRows,
        rowStart + 4 * g * groupRows,
        columns,
        channels,
        g * channels,
        this.lines.channelBytes,
        tapInfo,
      );
  }

  /** Line by line: activations of neighbouring output pixels lie side by side within one. */
  compute(first: number, count: number): void {
    const { device, weights, windows, paddedRows: rows } = this.product;
    const { groups, groupRows, paddedRows } = weights;
    const { rowStart, values } = this.sparse;
    for (let done = 0; done < count; ) {
      const pixel = first + done;
      const pixels = Math.min(count - done, windows.outW - (pixel % windows.outW));
      this.lines.writeLines(this.lineTable, pixel);
      for (let g = 0; g < groups; g++)
        device.kernels.sparseProduct(
          this.sums + 4 * (done * rows + g * paddedRows),
          4 * rows,
          this.lineTable,
          pixels,
          groupRows,
          rowStart + 4 * g * groupRows,
          this.entries,
          values,
        );
      done += pixels;
    }
  }
}
