import type { WasmBuffer } from '../buffer.js';
import type { Device } from '../device.js';
import { roundUp, type Scope } from '../memory.js';
import type { IntWeights } from '../weights.js';
import { forEachStretch, type Windows } from '../windows.js';

/** Most output pixels worked on at once: what they need stays in the caches while panels pass by. */
export const INT_CHUNK = 64;

/** The lines of a packed input that a stretch of output pixels needs, in a form that a kernel reads. */
interface LineStore {
  /** Writes input line `line` to place `slot`; the last line of all may have fewer pixels. */
  fill(line: number, slot: number, pixels: number): void;
}

/**
 * Turns each line of the input once, as output pixels get to it, into places that are used in turn: so lines stay in the
 * caches from when they are written until the last kernel row has read them, and memory is that of a few lines.
 */
export class LineRing {
  /** Places; input line i, counted over all pictures, is in place i % lines. */
  readonly lines: number;
  private next = 0;
  private readonly needs: Needs;

  constructor(private readonly windows: Windows) {
    this.needs = needsOf(windows);
    this.lines = this.needs.lines;
  }

  /** Makes ready what a stretch needs; stretches come in order. */
  advance(first: number, count: number, stores: readonly LineStore[]): void {
    const { inW, inPixels } = this.windows;
    const { top, bottom } = neededLines(this.windows, this.needs.spans, first, count);
    for (let line = Math.max(top, this.next); line <= bottom; line++)
      for (const store of stores) store.fill(line, line % this.lines, Math.min(inW, inPixels - line * inW));
    this.next = Math.max(this.next, bottom + 1);
  }
}

interface Needs {
  /** [outH, 2]: the first and the last input row that an output row sees, -1 for none. */
  readonly spans: Int32Array;
  /** The most lines that a stretch needs at once. */
  readonly lines: number;
}

/** Worked out once, since weights keep the windows of their last input. */
const known = new WeakMap<Windows, Needs>();

function needsOf(windows: Windows): Needs {
  const old = known.get(windows);
  if (old) return old;
  const spans = rowSpans(windows);
  let lines = 1;
  forEachStretch(windows, INT_CHUNK, (first, count) => {
    const { top, bottom } = neededLines(windows, spans, first, count);
    lines = Math.max(lines, bottom - top + 1);
  });
  const needs = { spans, lines };
  known.set(windows, needs);
  return needs;
}

/** First and last input line of all pictures that is seen; the last before the first when there is none. */
function neededLines(
  { outH, outW, inH }: Windows,
  spans: Int32Array,
  first: number,
  count: number,
): { top: number; bottom: number } {
  let top = Number.POSITIVE_INFINITY;
  let bottom = -1;
  for (let line = Math.floor(first / outW); line * outW < first + count; line++) {
    const start = Math.floor(line / outH) * inH;
    const at = 2 * (line % outH);
    if (spans[at + 1] < 0) continue;
    top = Math.min(top, start + spans[at]);
    bottom = Math.max(bottom, start + spans[at + 1]);
  }
  return { top, bottom };
}

function rowSpans({ outH, kh, rowTaps }: Windows): Int32Array {
  const spans = new Int32Array(2 * outH).fill(-1);
  for (let y = 0; y < outH; y++)
    for (let ky = 0; ky < kh; ky++) {
      const row = rowTaps[y * kh + ky];
      if (row < 0) continue;
      if (spans[2 * y] < 0) spans[2 * y] = row;
      spans[2 * y + 1] = row;
    }
  return spans;
}

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
