import type { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';
import { roundUp, type Scope } from '../memory.js';
import type { IntWeights } from '../weights.js';
import type { Windows } from '../windows.js';
import type { LineStore } from './lineRing.js';

/** Lines of cells, which the product of bits reads. */
export class CellLines implements LineStore {
  readonly base: number;
  readonly pixelBytes: number;
  /** Bytes of one group of a pixel. */
  readonly groupBytes: number;
  /** A pixel outside the picture. */
  readonly zeros: number;
  readonly digits: number;
  readonly digitBits: number;
  private readonly lineBytes: number;

  constructor(
    private readonly device: Device,
    scratch: Scope,
    private readonly x: WasmBuffer,
    private readonly weights: IntWeights,
    { inW }: Windows,
    lines: number,
  ) {
    const bits = x.planes;
    this.digitBits = Math.min(bits, device.digitBits);
    this.digits = Math.ceil(bits / device.digitBits);
    this.groupBytes = device.headerBytes + roundUp(this.digits * weights.cells * device.cellBytes, 16);
    this.pixelBytes = weights.groups * this.groupBytes;
    this.lineBytes = inW * this.pixelBytes;
    this.base = scratch.alloc(lines * this.lineBytes);
    this.zeros = scratch.zeros(this.pixelBytes);
  }

  fill(line: number, slot: number, pixels: number): void {
    const { x, weights } = this;
    const inW = this.lineBytes / this.pixelBytes;
    this.device.kernels.fillCells(
      this.base + slot * this.lineBytes,
      x.bits + line * inW * x.rowBytes,
      x.rowBytes,
      x.planeBytes,
      pixels,
      weights.groups,
      weights.channels,
      x.planes,
      x.encoding.kind === 'sign',
    );
  }
}
