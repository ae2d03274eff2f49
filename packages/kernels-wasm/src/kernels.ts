/** An address or a count of bytes in wasm memory. */
type Bytes = number;

/** What a compiled module exports: one function per file of assembly/, where each is specified. */
export interface Kernels {
  /** Bytes of packed rows worked on at once; rows are padded to a multiple. */
  readonly BIT_BYTES: WebAssembly.Global;
  /** Float32 lanes worked on at once. */
  readonly LANES: WebAssembly.Global;
  /** Weight rows of a panel of packed bits. */
  readonly BIT_PANEL: WebAssembly.Global;
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
  gatherBits(
    to: Bytes,
    patchBytes: Bytes,
    planes: number,
    table: Bytes,
    pixels: number,
    taps: number,
    from: Bytes,
    planeBytes: Bytes,
    rowBytes: Bytes,
    firstBit: number,
    channels: number,
  ): void;
  patchStarts(
    to: Bytes,
    patches: Bytes,
    patchBytes: Bytes,
    planes: number,
    pixels: number,
    factor: number,
  ): void;
  packBitPanels(
    to: Bytes,
    from: Bytes,
    rowBytes: Bytes,
    rows: number,
    vectors: number,
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
  xorProduct: BitProduct;
  andProduct: BitProduct;
  sumTaps(to: Bytes, sums: Bytes, mask: Bytes, taps: number, rows: number): void;
  subtractRows(y: Bytes, pixels: number, rows: number, table: Bytes, classes: Bytes): void;
  scaleSums(to: Bytes, sums: Bytes, pixels: number, rows: number, scale: Bytes): void;
  addBase(y: Bytes, pixels: number, rows: number, scale: Bytes, table: Bytes, classes: Bytes): void;
  unpackCodes(to: Bytes, patches: Bytes, patchBytes: Bytes, planes: number, k: number): void;
  unpackSigns(
    to: Bytes,
    patches: Bytes,
    patchBytes: Bytes,
    table: Bytes,
    taps: number,
    channels: number,
  ): void;
  sparseProduct(
    to: Bytes,
    toStride: Bytes,
    panel: Bytes,
    rows: number,
    rowStart: Bytes,
    columns: Bytes,
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
  addSparse(
    y: Bytes,
    pixels: number,
    rows: number,
    sums: Bytes,
    step: number,
    mask: Bytes,
    base: number,
    residuals: Bytes,
    classes: Bytes,
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

type BitProduct = (
  to: Bytes,
  toStride: Bytes,
  starts: Bytes,
  patches: Bytes,
  pixels: number,
  patchPlanes: number,
  weights: Bytes,
  rows: number,
  weightPlanes: number,
  vectors: number,
) => void;
