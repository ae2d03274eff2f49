import { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';
import { roundUp, type Scope } from '../memory.js';
import { CellLines } from '../ops/cellLines.js';
import { INT_CHUNK } from '../ops/lineRing.js';
import { prepareWeights } from '../prepare.js';
import type { IntWeights, WasmWeights } from '../weights.js';
import { flatWindows, TapTable } from '../windows.js';
import type { Operands, ProductShape } from './operands.js';

/** An integer product whose activations can be prepared and multiplied one without the other. */
export class Product {
  private readonly x: WasmBuffer;
  private readonly prepared: WasmWeights;
  private readonly weights: IntWeights;
  private readonly scratch: Scope;
  private readonly cells: CellLines;
  private readonly table: TapTable;
  private readonly starts: number;
  private readonly sums: number;

  constructor(
    private readonly device: Device,
    private readonly shape: ProductShape,
    { weights, activationBits, activations, encoding }: Operands,
  ) {
    const { n, k } = shape;
    this.prepared = prepareWeights(device, weights, { activationBits });
    this.weights = this.prepared.data as IntWeights;
    this.x = new WasmBuffer(device, { kind: 'planes', shape: [n, k], encoding });
    device.memory.write(this.x.bits, activations.words);
    const windows = flatWindows(n);
    const scratch = device.memory.scope();
    this.scratch = scratch;
    this.cells = new CellLines(device, scratch, this.x, this.weights, windows, windows.inH);
    const { base, pixelBytes, zeros } = this.cells;
    const whole = roundUp(n, INT_CHUNK);
    const placement = { ring: windows.inH, base, pixelBytes, outside: zeros };
    this.table = new TapTable(device, scratch, windows, whole, placement);
    this.table.fill(0, n);
    this.starts = scratch.alloc(4 * whole);
    this.sums = scratch.alloc(4 * whole * this.weights.paddedRows);
    this.pack();
    device.kernels.patchStarts(this.starts, this.table.address, n, 1, 0, 2 ** this.weights.planes - 1);
  }

  /** Planes -> what the product reads. */
  pack(): void {
    const { n } = this.shape;
    const width = flatWindows(n).inW;
    for (let first = 0; first < n; first += width)
      this.cells.fill(first / width, first / width, Math.min(width, n - first));
  }

  run(): void {
    const { device, weights, cells, table, x } = this;
    const { n } = this.shape;
    const stride = 4 * weights.paddedRows;
    for (let first = 0; first < n; first += INT_CHUNK)
      device.kernels.cellProduct(
        this.sums + first * stride,
        stride,
        this.starts + 4 * first,
        table.address + 4 * first,
        Math.min(INT_CHUNK, n - first),
        1,
        0,
        weights.cells,
        weights.panels,
        weights.paddedRows,
        weights.planes,
        cells.digits,
        cells.digitBits,
        x.encoding.kind === 'sign',
      );
  }

  /** @throws Error naming the first sum that is not the expected one */
  check(expected: Int32Array, what: string): void {
    this.run();
    const { m, n } = this.shape;
    const { paddedRows } = this.weights;
    const sums = this.device.memory.ints(this.sums, n * paddedRows);
    for (let i = 0; i < n * m; i++) {
      const sum = sums[Math.floor(i / m) * paddedRows + (i % m)];
      if (sum !== expected[i])
        throw new Error(`${what} is wrong on ${this.device.isa}: sum ${i} is ${sum}, not ${expected[i]}`);
    }
  }

  dispose(): void {
    this.scratch.release();
    this.x.dispose();
    this.prepared.dispose();
  }
}
