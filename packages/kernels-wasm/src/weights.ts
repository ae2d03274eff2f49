import {
  type ConvGeometry,
  type PreparedWeights,
  type Product,
  type Shape,
  type SparseRows,
  sameShape,
  scaleOf,
} from '@apb/core';
import type { Device } from './device.js';
import type { Scope } from './memory.js';
import { convWindows, flattened, type Windows } from './windows.js';

/** Full-precision weights by row, in wasm memory: see SparseRows. */
export interface SparseAddresses {
  /** [rows + 1] */
  readonly rowStart: number;
  readonly columns: number;
  readonly values: number;
}

/** How the rows of weights lie in memory: groups one after the other, each padded to whole panels. */
export interface RowLayout {
  readonly groups: number;
  /** Rows of one group. */
  readonly groupRows: number;
  /** The same, rounded up to whole panels. */
  readonly paddedRows: number;
  /** Kernel positions; k = taps * channels. */
  readonly taps: number;
  /** Input channels of one group. */
  readonly channels: number;
}

/** Weights that meet quantized activations. */
export interface IntWeights extends RowLayout {
  readonly kind: 'int';
  /** Per group: panels of packPanels. */
  readonly panels: number;
  /** Bytes of one group's panels. */
  readonly groupBytes: number;
  /** Sign planes per weight: 1 for binary, 2 for 2-bit weights, plane u counting 2^u. */
  readonly planes: number;
  /** Cells of one tap. */
  readonly cells: number;
  /** [taps, all padded rows] int32 sums of one tap's weight codes. */
  readonly tapSums: number;
  /** alpha [all padded rows], 0 in the padding. */
  readonly scales: Float32Array;
  /** Corrections r, when there are any. */
  readonly sparse?: SparseAddresses & {
    /** Of all rows. */
    readonly count: number;
    /** [all padded rows], all ones where a row has one. */
    readonly mask: number;
  };
}

/** Weights that meet float activations. */
export interface FloatWeights extends RowLayout {
  readonly kind: 'float';
  readonly content: /** 32/32, per group: panels of packFloatPanels. */
    | { readonly kind: 'panels'; readonly panels: number }
    /** 1/32: packed sign rows, scales [all padded rows] and the full-precision weights w as they stand. */
    | {
        readonly kind: 'signs';
        readonly signs: number;
        readonly rowBytes: number;
        readonly scales: number;
        readonly sparse: SparseAddresses;
      };
}

/** The windows of a convolution of one input shape, and what `flattened` makes of them. */
export interface ConvWindows {
  readonly shape: Shape;
  readonly windows: Windows;
  readonly flat: Windows;
}

export class WasmWeights implements PreparedWeights {
  readonly bytes: number;
  private content: IntWeights | FloatWeights | undefined;
  private last: ConvWindows | undefined;

  constructor(
    readonly device: Device,
    readonly product: Product,
    readonly rows: number,
    readonly k: number,
    readonly geometry: ConvGeometry | undefined,
    private readonly blocks: Scope,
    content: IntWeights | FloatWeights,
  ) {
    this.content = content;
    // Scales of integer products stay in JavaScript memory: they are multiplied by the step of each call.
    this.bytes = blocks.bytes + (content.kind === 'int' ? content.scales.byteLength : 0);
  }

  get data(): IntWeights | FloatWeights {
    if (!this.content) throw new Error('these prepared weights have been disposed');
    return this.content;
  }

  /** What a convolution of an input [N, H, W, C] sees; kept, since the next input mostly has the same shape. */
  windowsOf(shape: Shape, geometry: ConvGeometry): ConvWindows {
    if (this.last && sameShape(this.last.shape, shape)) return this.last;
    const windows = convWindows(shape, geometry);
    this.last = { shape: [...shape], windows, flat: flattened(windows) };
    return this.last;
  }

  dispose(): void {
    this.content = undefined;
    if (!this.device.closed) this.blocks.release();
  }
}

export function rowLayout(
  rows: number,
  k: number,
  geometry: ConvGeometry | undefined,
  panel: number,
): RowLayout {
  const groups = geometry?.groups ?? 1;
  const taps = geometry ? geometry.kernel[0] * geometry.kernel[1] : 1;
  const groupRows = rows / groups;
  return { groups, groupRows, paddedRows: Math.ceil(groupRows / panel) * panel, taps, channels: k / taps };
}

/** alpha spread over the padded layout, 0 in the padding. */
export function paddedScales(
  { groups, groupRows, paddedRows }: RowLayout,
  scales: Float32Array,
): Float32Array {
  const out = new Float32Array(groups * paddedRows);
  for (let row = 0; row < groups * groupRows; row++)
    out[Math.floor(row / groupRows) * paddedRows + (row % groupRows)] = scaleOf(scales, row);
  return out;
}

export function putSparse(blocks: Scope, { rowStart, columns, values }: SparseRows): SparseAddresses {
  return { rowStart: blocks.put(rowStart), columns: blocks.put(columns), values: blocks.put(values) };
}
