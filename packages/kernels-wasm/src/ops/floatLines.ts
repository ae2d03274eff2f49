import type { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';
import { roundUp, type Scope } from '../memory.js';
import type { Windows } from '../windows.js';
import type { LineStore } from './lineRing.js';

/** Padding may make lines so many times larger than the input, beside some room for small ones. */
const MOST_PADDING = 64;
const ROOM = 2 ** 24;
/** Kernels read up to a tile of pixels past a line's end. */
const OVERREAD = 64;

/**
 * Lines of floats, channel by channel and with their padding, which the sparse product reads. With a stride s, columns
 * stand in s parts, those of the same remainder modulo s side by side: so do the activations of neighbouring outputs.
 */
export class FloatLines implements LineStore {
  readonly channelBytes: number;
  private readonly base: number;
  private readonly zeros: number;
  private readonly lineBytes: number;
  private readonly stride: number;
  private readonly padded: number;

  /** @throws RangeError when padding makes lines too long */
  constructor(
    private readonly device: Device,
    scratch: Scope,
    private readonly x: WasmBuffer,
    private readonly windows: Windows,
    private readonly lines: number,
  ) {
    const { outW, kw, across } = windows;
    this.stride = outW > 1 ? across.stride : 1;
    this.padded = (outW - 1) * this.stride + (kw - 1) * across.dilation + 1;
    this.channelBytes = 4 * roundUp(Math.ceil(this.padded / this.stride), 4);
    this.lineBytes = this.stride * x.k * this.channelBytes;
    const bytes = (lines + 1) * this.lineBytes;
    if (bytes > MOST_PADDING * 4 * x.elements + ROOM)
      throw new RangeError(
        `the padding of this convolution makes its input more than ${MOST_PADDING} times larger; pad less`,
      );
    // Padding is written here and never again.
    this.base = windows.padded ? scratch.zeros(bytes + OVERREAD) : scratch.alloc(bytes + OVERREAD);
    this.zeros = this.base + lines * this.lineBytes;
  }

  fill(line: number, slot: number, pixels: number): void {
    const { x, stride, padded, channelBytes } = this;
    const { inW, across } = this.windows;
    const end = Math.min(pixels, padded - across.before);
    for (let part = 0; part < stride; part++) {
      const first = (((part - across.before) % stride) + stride) % stride;
      if (first >= end) continue;
      this.device.kernels.fillLine(
        this.base +
          slot * this.lineBytes +
          part * x.k * channelBytes +
          (4 * (first + across.before - part)) / stride,
        channelBytes,
        x.bits + (line * inW + first) * x.rowBytes,
        stride * x.rowBytes,
        x.planeBytes,
        Math.ceil((end - first) / stride),
        x.k,
        x.planes,
        x.encoding.kind === 'sign',
      );
    }
  }

  /** [taps, 2]: bytes from a line's start to where the first output pixel's tap of channel 0 is; 4 * its kernel row. */
  tapInfo(): Uint32Array {
    const { kh, kw, across } = this.windows;
    const info = new Uint32Array(2 * kh * kw);
    for (let tap = 0; tap < kh * kw; tap++) {
      const column = (tap % kw) * across.dilation;
      const part = (column % this.stride) * this.x.k * this.channelBytes;
      info[2 * tap] = part + 4 * Math.floor(column / this.stride);
      info[2 * tap + 1] = 4 * Math.floor(tap / kw);
    }
    return info;
  }

  /** Writes [kh] addresses of the lines that an output pixel's kernel rows see, at that pixel. */
  writeLines(to: number, pixel: number): void {
    const { outH, outW, inH, kh, rowTaps } = this.windows;
    const line = Math.floor(pixel / outW);
    const first = Math.floor(line / outH) * inH;
    const across = 4 * (pixel % outW);
    const addresses = this.device.memory.words(to, kh);
    for (let ky = 0; ky < kh; ky++) {
      const row = rowTaps[(line % outH) * kh + ky];
      const start = row < 0 ? this.zeros : this.base + ((first + row) % this.lines) * this.lineBytes;
      addresses[ky] = start + across;
    }
  }
}
