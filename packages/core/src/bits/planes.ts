/**
 * THE bit layout. Row-major; least significant bit first; a row of `k` bits is padded with zero bits
 * to whole 32-bit words. Plane p of row r starts at word `(p * rows + r) * wordsPerRow(k)`.
 *
 * - `sign` (bits = 1): bit 1 means -1, by `x < 0`, so +0 and -0 are +1 and padding is neutral under XOR.
 * - `code` (bits = b): the unsigned code q in 0..2^b-1; plane p holds bit p of q.
 */
export interface Planes {
  readonly kind: 'sign' | 'code';
  readonly bits: number;
  readonly rows: number;
  readonly k: number;
  readonly words: Uint32Array;
}

/** 32-bit words that one plane of one row of k bits occupies. */
export function wordsPerRow(k: number): number {
  return Math.ceil(k / 32);
}

/** All-zero planes: every sign +1, every code 0. */
export function allocPlanes(kind: 'sign' | 'code', bits: number, rows: number, k: number): Planes {
  return { kind, bits, rows, k, words: new Uint32Array(bits * rows * wordsPerRow(k)) };
}

/** Packs the signs of a row-major [rows, k] matrix; bit 1 where `x < 0`. */
export function packSigns(values: Float32Array, rows: number, k: number): Planes {
  checkLength(values.length, rows, k);
  const planes = allocPlanes('sign', 1, rows, k);
  const perRow = wordsPerRow(k);
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < k; i++)
      if (values[r * k + i] < 0) planes.words[r * perRow + (i >>> 5)] |= 1 << (i & 31);
  return planes;
}

/** Packs row-major [rows, k] codes, each in 0..2^bits-1, into `bits` planes. */
export function packCodes(codes: Uint8Array, bits: number, rows: number, k: number): Planes {
  checkLength(codes.length, rows, k);
  const planes = allocPlanes('code', bits, rows, k);
  const perRow = wordsPerRow(k);
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < k; i++) {
      const q = codes[r * k + i];
      if (q >>> bits) throw new RangeError(`code ${q} at row ${r}, column ${i} does not fit ${bits} bits`);
      for (let p = 0; p < bits; p++)
        if ((q >>> p) & 1) planes.words[(p * rows + r) * perRow + (i >>> 5)] |= 1 << (i & 31);
    }
  return planes;
}

/** Row-major [rows, k] integers that planes stand for: -1 and +1 for signs, 0..2^b-1 for codes. */
export function unpack(planes: Planes): Int16Array {
  const { kind, bits, rows, k, words } = planes;
  const perRow = wordsPerRow(k);
  const out = new Int16Array(rows * k);
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < k; i++) {
      let q = 0;
      for (let p = 0; p < bits; p++)
        q |= ((words[(p * rows + r) * perRow + (i >>> 5)] >>> (i & 31)) & 1) << p;
      out[r * k + i] = kind === 'sign' ? 1 - 2 * q : q;
    }
  return out;
}

/** Number of one bits of a 32-bit word. */
export function popcount32(x: number): number {
  x -= (x >>> 1) & 0x55555555;
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  x = (x + (x >>> 4)) & 0x0f0f0f0f;
  return Math.imul(x, 0x01010101) >>> 24;
}

/**
 * Checks planes that come from outside: lengths, ranges, zero padding bits.
 * @throws RangeError naming the field that is wrong
 */
export function validatePlanes(planes: Planes): void {
  const { kind, bits, rows, k, words } = planes;
  if (kind !== 'sign' && kind !== 'code')
    throw new RangeError(`planes kind is ${String(kind)}, not sign or code`);
  if (!Number.isInteger(bits) || bits < 1 || bits > 8 || (kind === 'sign' && bits !== 1))
    throw new RangeError(`${kind} planes cannot have ${bits} bits`);
  const perRow = wordsPerRow(k);
  if (words.length !== bits * rows * perRow)
    throw new RangeError(
      `planes of ${bits} x ${rows} x ${k} bits need ${bits * rows * perRow} words, got ${words.length}`,
    );
  const tail = k & 31;
  if (tail === 0) return;
  for (let row = 0; row < bits * rows; row++)
    if (words[(row + 1) * perRow - 1] >>> tail)
      throw new RangeError(`padding bits of plane row ${row} are not zero`);
}

function checkLength(length: number, rows: number, k: number): void {
  if (length !== rows * k) throw new RangeError(`[${rows}, ${k}] needs ${rows * k} values, got ${length}`);
}
