import { type ConvGeometry, outputSize, type PoolGeometry, type Shape } from '@apb/core';
import type { Device } from './device.js';
import { roundUp, type Scope } from './memory.js';

/** Which input pixels every output pixel of a convolution or pooling sees; rows and columns apart. */
export interface Windows {
  readonly pictures: number;
  readonly inH: number;
  readonly inW: number;
  readonly outH: number;
  readonly outW: number;
  readonly kh: number;
  readonly kw: number;
  /** [outH, kh] input row of each kernel row, -1 outside the picture. */
  readonly rowTaps: Int32Array;
  /** [outW, kw] input column of each kernel column, -1 outside. */
  readonly colTaps: Int32Array;
  /** How columns follow each other: output column x, kernel column i sees x * stride - before + i * dilation. */
  readonly across: { readonly stride: number; readonly dilation: number; readonly before: number };
  /** Whether a tap of some pixel is outside. */
  readonly padded: boolean;
  /** Pixels of all pictures, in and out. */
  readonly inPixels: number;
  readonly outPixels: number;
}

type Geometry = Pick<ConvGeometry, 'kernel' | 'strides' | 'dilations' | 'pads'>;

/** @param shape [N, H, W, C] @throws RangeError when the kernel does not fit */
export function convWindows([pictures, inH, inW]: Shape, g: Geometry): Windows {
  const [kh, kw] = g.kernel;
  const outH = outputSize(inH, kh, g.strides[0], g.dilations[0], g.pads[0], g.pads[2]);
  const outW = outputSize(inW, kw, g.strides[1], g.dilations[1], g.pads[1], g.pads[3]);
  const rowTaps = axisTaps(inH, outH, kh, g.strides[0], g.dilations[0], g.pads[0]);
  const colTaps = axisTaps(inW, outW, kw, g.strides[1], g.dilations[1], g.pads[1]);
  const across = { stride: g.strides[1], dilation: g.dilations[1], before: g.pads[1] };
  const pixels = { inPixels: pictures * inH * inW, outPixels: pictures * outH * outW };
  const padded = rowTaps.includes(-1) || colTaps.includes(-1);
  return { pictures, inH, inW, outH, outW, kh, kw, rowTaps, colTaps, across, padded, ...pixels };
}

/** @throws RangeError when the window does not fit */
export function poolWindows(shape: Shape, { window, strides, pads }: PoolGeometry): Windows {
  return convWindows(shape, { kernel: window, strides, dilations: [1, 1], pads });
}

/** Pixels of a line of a flat picture: whole vectors of all sizes. */
const FLAT_LINE = 64;

/**
 * One tap each, always inside: the rows of a matrix product, or pixels that meet a kernel of 1 x 1. They stand in one
 * picture, whose last line may be shorter.
 */
export function flatWindows(pixels: number): Windows {
  const inW = Math.max(1, Math.min(pixels, FLAT_LINE));
  const one = {
    kernel: [1, 1],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [0, 0, 0, 0],
  } as const;
  return {
    ...convWindows([1, Math.ceil(pixels / inW), inW], one),
    inPixels: pixels,
    outPixels: pixels,
  };
}

/** The same windows, flat where every output pixel sees the one of the same place. */
export function flattened(w: Windows): Windows {
  const { kh, kw, inPixels, outPixels, inH, outH, rowTaps, colTaps } = w;
  const same = kh * kw === 1 && inPixels === outPixels && inH === outH;
  const inside = (taps: Int32Array) => taps.every((tap, i) => tap === i);
  return same && inside(rowTaps) && inside(colTaps) ? flatWindows(outPixels) : w;
}

/** Output pixels by which of their taps lie inside the picture; a class is a row class and a column class. */
export interface Borders {
  /** [outH] */
  readonly rowClass: Int32Array;
  /** [outW] */
  readonly colClass: Int32Array;
  readonly colClasses: number;
  /** Of each class [kh * kw], 1 for a tap inside. */
  readonly inside: readonly Uint8Array[];
}

export function borders({ outH, outW, kh, kw, rowTaps, colTaps }: Windows): Borders {
  const rows = classes(rowTaps, outH, kh);
  const columns = classes(colTaps, outW, kw);
  const inside = rows.patterns.flatMap(row =>
    columns.patterns.map(column =>
      Uint8Array.from({ length: kh * kw }, (_, t) => row[Math.floor(t / kw)] & column[t % kw]),
    ),
  );
  return { rowClass: rows.of, colClass: columns.of, colClasses: columns.patterns.length, inside };
}

/** Where pixels are, for entries of a tap table. */
interface Placement {
  /** Lines are counted modulo so many. */
  readonly ring: number;
  readonly base: number;
  readonly pixelBytes: number;
  /** Entry of a tap outside the picture. */
  readonly outside: number;
}

/** Entries are plain pixel indices, -1 outside. */
const INDICES: Placement = { ring: 0x7fffffff, base: 0, pixelBytes: 1, outside: -1 };

/** The tap table of a chunk of output pixels, in scratch memory. */
export class TapTable {
  /** [chunk, taps] */
  readonly address: number;
  private readonly rowTaps: number;
  private readonly colTaps: number;

  /** @param chunk most pixels filled at once; entries never filled are outside */
  constructor(
    private readonly device: Device,
    scratch: Scope,
    private readonly windows: Windows,
    chunk: number,
    private readonly placement = INDICES,
  ) {
    const taps = windows.kh * windows.kw;
    this.address = scratch.put(new Int32Array(chunk * taps).fill(placement.outside));
    this.rowTaps = scratch.put(windows.rowTaps);
    this.colTaps = scratch.put(windows.colTaps);
  }

  fill(first: number, count: number): void {
    const { outH, outW, kh, kw, inH, inW } = this.windows;
    const { address, rowTaps, colTaps } = this;
    const { ring, base, pixelBytes, outside } = this.placement;
    this.device.kernels.tapTable(
      address,
      first,
      count,
      rowTaps,
      colTaps,
      outH,
      outW,
      kh,
      kw,
      inH,
      inW,
      ring,
      base,
      pixelBytes,
      outside,
    );
  }
}

/** Calls `work(first, count)` for consecutive stretches of 0..total of at most `chunk`. */
export function forEachChunk(
  total: number,
  chunk: number,
  work: (first: number, count: number) => void,
): void {
  for (let first = 0; first < total; first += chunk) work(first, Math.min(chunk, total - first));
}

/**
 * Calls `work(first, count)` for consecutive stretches of output pixels, of whole lines or even parts of one: at most
 * `most` of them.
 */
export function forEachStretch(
  { outW, outPixels }: Windows,
  most: number,
  work: (first: number, count: number) => void,
): void {
  if (outW <= most) {
    forEachChunk(outPixels, Math.floor(most / outW) * outW, work);
    return;
  }
  const part = roundUp(Math.ceil(outW / Math.ceil(outW / most)), 4);
  for (let line = 0; line < outPixels; line += outW)
    forEachChunk(Math.min(outW, outPixels - line), part, (first, count) => work(line + first, count));
}

function axisTaps(
  size: number,
  out: number,
  kernel: number,
  stride: number,
  dilation: number,
  before: number,
) {
  const taps = new Int32Array(out * kernel);
  for (let i = 0; i < out; i++)
    for (let tap = 0; tap < kernel; tap++) {
      const at = i * stride - before + tap * dilation;
      taps[i * kernel + tap] = at >= 0 && at < size ? at : -1;
    }
  return taps;
}

/** Numbers the different patterns of inside (1) and outside (0) along one axis. */
function classes(taps: Int32Array, out: number, kernel: number): { of: Int32Array; patterns: Uint8Array[] } {
  const known = new Map<string, number>();
  const patterns: Uint8Array[] = [];
  const of = new Int32Array(out);
  for (let i = 0; i < out; i++) {
    const pattern = Uint8Array.from(taps.subarray(i * kernel, (i + 1) * kernel), t => Number(t >= 0));
    const key = pattern.join('');
    let id = known.get(key);
    if (id === undefined) {
      id = patterns.push(pattern) - 1;
      known.set(key, id);
    }
    of[i] = id;
  }
  return { of, patterns };
}
