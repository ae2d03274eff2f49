import type { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';
import type { Scope } from '../memory.js';
import type { IntWeights } from '../weights.js';
import { borders, outputPixels, TapTable, type Windows } from '../windows.js';

/** Output pixels worked on at once: their packed patches stay in the first-level cache while panels pass by. */
export const INT_CHUNK = 32;

/**
 * The integer products of quantized input, a chunk of output pixels at a time. After `compute`, `sums` holds
 * [count, all padded rows] int32: sum of weight code times activation over in-bounds taps, exact.
 */
export class IntProduct {
  readonly sums: number;
  /** Packed patches of one group. */
  readonly patchBytes: number;
  readonly table: TapTable;
  /** Whether activations are signs. */
  readonly signed: boolean;
  readonly borders: BorderClasses;
  private readonly patches: number;
  private readonly starts: number;
  /** Signs only: what taps outside the picture count, per border class. */
  private readonly outside: number | undefined;

  constructor(
    readonly device: Device,
    scratch: Scope,
    readonly x: WasmBuffer,
    readonly weights: IntWeights,
    readonly windows: Windows,
  ) {
    const { groups, paddedRows, taps, channels, vectors, planes } = weights;
    this.signed = x.encoding.kind === 'sign';
    this.patchBytes = vectors * device.bitBytes;
    this.patches = scratch.alloc(groups * INT_CHUNK * this.patchStride);
    // Signs start from k, were every tap inside and every product +1; codes from their own sums.
    this.starts = scratch.put(new Int32Array(INT_CHUNK).fill((2 ** planes - 1) * taps * channels));
    this.sums = scratch.alloc(4 * INT_CHUNK * groups * paddedRows);
    this.table = new TapTable(device, scratch, windows, INT_CHUNK);
    this.borders = new BorderClasses(device, scratch, windows);
    if (this.signed && this.borders.anyOutside) this.outside = this.borders.tapTotals(scratch, weights, 0);
  }

  get pixels(): number {
    return outputPixels(this.windows);
  }

  /** Bytes of the patch of one pixel, all planes. */
  get patchStride(): number {
    return this.x.planes * this.patchBytes;
  }

  /** Packed patches [INT_CHUNK] of a group, after `compute`. */
  patchesOf(group: number): number {
    return this.patches + group * INT_CHUNK * this.patchStride;
  }

  compute(first: number, count: number): void {
    this.table.fill(first, count);
    this.borders.fill(first, count);
    for (let g = 0; g < this.weights.groups; g++) {
      this.gather(g, count);
      this.multiply(g, count);
    }
    if (this.outside !== undefined)
      this.device.kernels.subtractRows(this.sums, count, this.rowsPadded, this.outside, this.borders.classes);
  }

  private get rowsPadded(): number {
    return this.weights.groups * this.weights.paddedRows;
  }

  private gather(group: number, count: number): void {
    const { x, weights } = this;
    this.device.kernels.gatherBits(
      this.patchesOf(group),
      this.patchBytes,
      x.planes,
      this.table.address,
      count,
      weights.taps,
      x.bits,
      x.planeBytes,
      x.rowBytes,
      group * weights.channels,
      weights.channels,
    );
  }

  private multiply(group: number, count: number): void {
    const { kernels, bitBytes } = this.device;
    const { panels, planes, vectors, groupRows, paddedRows } = this.weights;
    const patches = this.patchesOf(group);
    if (!this.signed)
      kernels.patchStarts(this.starts, patches, this.patchBytes, this.x.planes, count, 2 ** planes - 1);
    const product = this.signed ? kernels.xorProduct : kernels.andProduct;
    product(
      this.sums + 4 * group * paddedRows,
      4 * this.rowsPadded,
      this.starts,
      patches,
      count,
      this.x.planes,
      panels + group * paddedRows * planes * vectors * bitBytes,
      groupRows,
      planes,
      vectors,
    );
  }
}

/** The border classes of a chunk, in scratch memory, and sums over the taps of each class. */
export class BorderClasses {
  /** [INT_CHUNK] class of each pixel, after `fill`. */
  readonly classes: number;
  readonly inside: readonly Uint8Array[];
  private readonly rowClass: number;
  private readonly colClass: number;
  private readonly colClasses: number;

  constructor(
    private readonly device: Device,
    scratch: Scope,
    private readonly windows: Windows,
  ) {
    const { rowClass, colClass, colClasses, inside } = borders(windows);
    this.inside = inside;
    this.colClasses = colClasses;
    this.classes = scratch.alloc(4 * INT_CHUNK);
    this.rowClass = scratch.put(rowClass);
    this.colClass = scratch.put(colClass);
  }

  get anyOutside(): boolean {
    return this.inside.some(taps => taps.includes(0));
  }

  fill(first: number, count: number): void {
    const { outH, outW } = this.windows;
    const { classes, rowClass, colClass, colClasses } = this;
    this.device.kernels.borderTable(classes, first, count, rowClass, colClass, outH, outW, colClasses);
  }

  /** [classes, all padded rows] int32: sums of the weight codes over the taps inside (1) or outside (0). */
  tapTotals(scratch: Scope, { groups, paddedRows, taps, tapSums }: IntWeights, inside: 0 | 1): number {
    const rows = groups * paddedRows;
    const totals = scratch.alloc(4 * this.inside.length * rows);
    this.inside.forEach((mask, i) => {
      const chosen = scratch.put(mask.map(tap => Number(tap === inside)));
      this.device.kernels.sumTaps(totals + 4 * i * rows, tapSums, chosen, taps, rows);
    });
    return totals;
  }
}
