import { type ConvGeometry, outputSize, type PoolGeometry, type Shape } from '@apb/core';
import type { Device } from './device.js';
import type { Scope } from './memory.js';

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
}

type Geometry = Pick<ConvGeometry, 'kernel' | 'strides' | 'dilations' | 'pads'>;

/** @param shape [N, H, W, C] @throws RangeError when the kernel does not fit */
export function convWindows([pictures, inH, inW]: Shape, g: Geometry): Windows {
  const [kh, kw] = g.kernel;
  const outH = outputSize(inH, kh, g.strides[0], g.dilations[0], g.pads[0], g.pads[2]);
  const outW = outputSize(inW, kw, g.strides[1], g.dilations[1], g.pads[1], g.pads[3]);
  const rowTaps = axisTaps(inH, outH, kh, g.strides[0], g.dilations[0], g.pads[0]);
  const colTaps = axisTaps(inW, outW, kw, g.strides[1], g.dilations[1], g.pads[1]);
  return { pictures, inH, inW, outH, outW, kh, kw, rowTaps, colTaps };
}

/** @throws RangeError when the window does not fit */
export function poolWindows(shape: Shape, { window, strides, pads }: PoolGeometry): Windows {
  return convWindows(shape, { kernel: window, strides, dilations: [1, 1], pads });
}

/** One tap each, always inside: the rows of a matrix product. */
export function rowWindows(rows: number): Windows {
  return convWindows([rows, 1, 1], {
    kernel: [1, 1],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [0, 0, 0, 0],
  });
}

export function outputPixels(w: Windows): number {
  return w.pictures * w.outH * w.outW;
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

/** The tap table of a chunk of output pixels, in scratch memory. */
export class TapTable {
  /** [chunk, taps] */
  readonly address: number;
  private readonly rowTaps: number;
  private readonly colTaps: number;

  /** @param chunk most pixels filled at once; entries never filled are -1 */
  constructor(
    private readonly device: Device,
    scratch: Scope,
    private readonly windows: Windows,
    chunk: number,
  ) {
    const taps = windows.kh * windows.kw;
    this.address = scratch.put(new Int32Array(chunk * taps).fill(-1));
    this.rowTaps = scratch.put(windows.rowTaps);
    this.colTaps = scratch.put(windows.colTaps);
  }

  fill(first: number, count: number): void {
    const { outH, outW, kh, kw, inH, inW } = this.windows;
    const { rowTaps, colTaps } = this;
    this.device.kernels.tapTable(this.address, first, count, rowTaps, colTaps, outH, outW, kh, kw, inH, inW);
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

function axisTaps(
  size: number,
  out: number,
  kernel: number,
  stride: number,
  dilation: number,
  before: number,
) {
  return Int32Array.from({ length: out * kernel }, (_, i) => {
    const at = Math.floor(i / kernel) * stride - before + (i % kernel) * dilation;
    return at >= 0 && at < size ? at : -1;
  });
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
