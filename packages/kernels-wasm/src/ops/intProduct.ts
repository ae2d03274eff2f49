import type { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';
import type { Scope } from '../memory.js';
import type { IntWeights } from '../weights.js';
import { borders, TapTable, type Windows } from '../windows.js';
import { CellLines } from './cellLines.js';
import { INT_CHUNK, LineRing, type LineStore } from './lineRing.js';

/**
 * The integer products of quantized input, a stretch of output pixels at a time. After `compute`, `sums` holds
 * [count, all padded rows] int32: sum of weight code times activation over in-bounds taps, exact.
 */
export class IntProduct {
  readonly sums: number;
  readonly ring: LineRing;
  private readonly cells: CellLines;
  private readonly table: TapTable;
  private readonly starts: number;
  /** Signs whose taps are all inside start from k, whichever pixel. */
  private readonly sameStarts: boolean;

  constructor(
    readonly device: Device,
    scratch: Scope,
    readonly x: WasmBuffer,
    readonly weights: IntWeights,
    readonly windows: Windows,
  ) {
    this.ring = new LineRing(windows);
    this.cells = new CellLines(device, scratch, x, weights, windows, this.ring.lines);
    const { taps, channels, planes } = weights;
    this.sameStarts = x.encoding.kind === 'sign' && !windows.padded;
    this.starts = this.sameStarts
      ? scratch.put(new Int32Array(INT_CHUNK).fill((2 ** planes - 1) * taps * channels))
      : scratch.alloc(4 * INT_CHUNK);
    this.sums = scratch.alloc(4 * INT_CHUNK * this.paddedRows);
    const { base, pixelBytes, zeros } = this.cells;
    this.table = new TapTable(device, scratch, windows, INT_CHUNK, {
      ring: this.ring.lines,
      base,
      pixelBytes,
      outside: zeros,
    });
  }

  /** Of all groups. */
  get paddedRows(): number {
    return this.weights.groups * this.weights.paddedRows;
  }

  /** @param others filled line by line along with the cells */
  compute(first: number, count: number, others: readonly LineStore[] = []): void {
    this.ring.advance(first, count, [this.cells, ...others]);
    this.table.fill(first, count);
    for (let g = 0; g < this.weights.groups; g++) this.multiply(g, count);
  }

  private multiply(group: number, count: number): void {
    const { kernels } = this.device;
    const { panels, groupBytes, planes, cells, taps, paddedRows } = this.weights;
    const offset = group * this.cells.groupBytes;
    const { address } = this.table;
    if (!this.sameStarts) kernels.patchStarts(this.starts, address, count, taps, offset, 2 ** planes - 1);
    kernels.cellProduct(
      this.sums + 4 * group * paddedRows,
      4 * this.paddedRows,
      this.starts,
      address,
      count,
      taps,
      offset,
      cells,
      panels + group * groupBytes,
      paddedRows,
      planes,
      this.cells.digits,
      this.cells.digitBits,
      this.x.encoding.kind === 'sign',
    );
  }
}

/** The border classes of a stretch, in scratch memory, and sums over the taps of each class. */
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

  fill(first: number, count: number): void {
    const { outH, outW } = this.windows;
    const { classes, rowClass, colClass, colClasses } = this;
    this.device.kernels.borderTable(classes, first, count, rowClass, colClass, outH, outW, colClasses);
  }

  /** S, [classes, all padded rows] int32: sums of the weight codes over the taps inside. */
  tapTotals(scratch: Scope, { groups, paddedRows, taps, tapSums }: IntWeights): number {
    const rows = groups * paddedRows;
    const totals = scratch.alloc(4 * this.inside.length * rows);
    this.inside.forEach((mask, i) => {
      this.device.kernels.sumTaps(totals + 4 * i * rows, tapSums, scratch.put(mask), taps, rows);
    });
    return totals;
  }

  /** R, [classes, all padded rows] float32: sums of the corrections over the taps inside. */
  residualTotals(scratch: Scope, weights: IntWeights, sparse: NonNullable<IntWeights['sparse']>): number {
    const { groups, groupRows, paddedRows, channels } = weights;
    const { rowStart, columns, values } = sparse;
    const rows = groups * paddedRows;
    const totals = scratch.alloc(4 * this.inside.length * rows);
    this.inside.forEach((taps, i) => {
      const mask = scratch.put(taps);
      for (let g = 0; g < groups; g++)
        this.device.kernels.residualSums(
          totals + 4 * (i * rows + g * paddedRows),
          mask,
          channels,
          groupRows,
          rowStart + 4 * g * groupRows,
          columns,
          values,
        );
    });
    return totals;
  }
}
