/** An address or a count of bytes in wasm memory. */
type Bytes = number;

/** What a compiled module exports: one function per file of assembly/, where each is specified. */
export interface Kernels {
  /** Float32 lanes worked on at once. */
  readonly LANES: WebAssembly.Global;
  /** Channels of a cell, its bytes in activations, those of one row of weights, and the bits of a code that share one. */
  readonly CELL_CHANNELS: WebAssembly.Global;
  readonly CELL_BYTES: WebAssembly.Global;
  readonly WEIGHT_BYTES: WebAssembly.Global;
  readonly DIGIT_BITS: WebAssembly.Global;
  /** Bytes in front of the cells of a pixel. */
  readonly HEADER_BYTES: WebAssembly.Global;
  /** Weight rows are padded to a multiple. */
  readonly ROW_GRAIN: WebAssembly.Global;
  /** Weight rows of a panel of floats. */
  readonly FLOAT_PANEL: WebAssembly.Global;
  heapBase(): Bytes;

  tapTable(
    to: Bytes,
    first: number,
    count: number,
    rowTaps: Bytes,
    colTaps: Bytes,
    outH: number,
    outW: number,
    kh: number,
    kw: number,
    inH: number,
    inW: number,
    ring: number,
    base: Bytes,
    pixelBytes: Bytes,
    outside: number,
  ): void;
  borderTable(
    to: Bytes,
    first: number,
    count: number,
    rowClass: Bytes,
    colClass: Bytes,
    outH: number,
    outW: number,
    colClasses: number,
  ): void;
  fillCells(
    to: Bytes,
    from: Bytes,
    rowBytes: Bytes,
    planeBytes: Bytes,
    pixels: number,
    groups: number,
    channels: number,
    bits: number,
    signs: boolean,
  ): void;
  patchStarts(to: Bytes, table: Bytes, pixels: number, taps: number, offset: Bytes, factor: number): void;
  packPanels(
    to: Bytes,
    from: Bytes,
    rowBytes: Bytes,
    rows: number,
    taps: number,
    channels: number,
    planes: number,
    plane: number,
  ): void;
  tapSums(
    to: Bytes,
    toStride: Bytes,
    from: Bytes,
    rowBytes: Bytes,
    rows: number,
    taps: number,
    channels: number,
    factor: number,
  ): void;
  cellProduct(
    to: Bytes,
    toStride: Bytes,
    starts: Bytes,
    table: Bytes,
    pixels: number,
    taps: number,
    offset: Bytes,
    cells: number,
    weights: Bytes,
    rows: number,
    weightPlanes: number,
    digits: number,
    digitBits: number,
    signs: boolean,
  ): void;
  sumTaps(to: Bytes, sums: Bytes, mask: Bytes, taps: number, rows: number): void;
  fillLine(
    to: Bytes,
    channelBytes: Bytes,
    from: Bytes,
    rowBytes: Bytes,
    planeBytes: Bytes,
    pixels: number,
    channels: number,
    bits: number,
    signs: boolean,
  ): void;
  sparseEntries(
    to: Bytes,
    rows: number,
    rowStart: Bytes,
    columns: Bytes,
    channels: number,
    firstChannel: number,
    channelBytes: Bytes,
    tapInfo: Bytes,
  ): void;
  sparseProduct(
    to: Bytes,
    toStride: Bytes,
    lines: Bytes,
    pixels: number,
    rows: number,
    rowStart: Bytes,
    entries: Bytes,
    values: Bytes,
  ): void;
  residualSums(
    to: Bytes,
    mask: Bytes,
    channels: number,
    rows: number,
    rowStart: Bytes,
    columns: Bytes,
    values: Bytes,
  ): void;
  finishRows(
    to: Bytes,
    toStride: Bytes,
    sums: Bytes,
    sumsStride: Bytes,
    pixels: number,
    rows: number,
    alpha: Bytes,
    beta: Bytes,
    totals: Bytes,
    terms: Bytes,
    step: number,
    base: number,
    mask: Bytes,
    residuals: Bytes,
    classes: Bytes,
    classBytes: Bytes,
    scale: Bytes,
    shift: Bytes,
    residual: Bytes,
    clamped: boolean,
    low: number,
    high: number,
  ): void;

  packFloatPanels(to: Bytes, from: Bytes, rows: number, k: number): void;
  expandPanel(
    to: Bytes,
    signs: Bytes,
    rowBytes: Bytes,
    scales: Bytes,
    rows: number,
    rowStart: Bytes,
    columns: Bytes,
    values: Bytes,
  ): void;
  floatProduct(
    to: Bytes,
    toStride: Bytes,
    panel: Bytes,
    table: Bytes,
    pixels: number,
    taps: number,
    x: Bytes,
    pixelBytes: Bytes,
    channels: number,
    zeros: Bytes,
  ): void;

  affine(
    to: Bytes,
    toStride: Bytes,
    from: Bytes,
    fromStride: Bytes,
    rows: number,
    columns: number,
    scale: Bytes,
    shift: Bytes,
  ): void;
  add(to: Bytes, a: Bytes, b: Bytes, count: number): void;
  clamp(to: Bytes, from: Bytes, count: number, low: number, high: number): void;
  prelu(to: Bytes, from: Bytes, rows: number, columns: number, slopes: Bytes): void;
  quantizeSigns(to: Bytes, from: Bytes, rows: number, k: number): void;
  quantizeCodes(
    to: Bytes,
    planeBytes: Bytes,
    bits: number,
    from: Bytes,
    rows: number,
    k: number,
    low: number,
    high: number,
    inverse: number,
  ): void;
  dequantize(
    to: Bytes,
    from: Bytes,
    planeBytes: Bytes,
    rowBytes: Bytes,
    bits: number,
    rows: number,
    k: number,
    values: Bytes,
  ): void;
  maxPool(to: Bytes, table: Bytes, pixels: number, taps: number, from: Bytes, channels: number): void;
  avgPool(
    to: Bytes,
    table: Bytes,
    pixels: number,
    taps: number,
    from: Bytes,
    channels: number,
    whole: number,
  ): void;
  gatherRows(to: Bytes, table: Bytes, pixels: number, from: Bytes, pixelBytes: Bytes): void;
  padRows(to: Bytes, from: Bytes, rows: number, rowBytes: Bytes, before: Bytes, after: Bytes): void;
  repackRows(to: Bytes, rows: number, k: number, from: Bytes, fromK: number): void;
}
