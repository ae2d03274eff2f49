import { add, atLeast, atMost, LANES, loadFloats, loadInts, mul, select, splat, storeFirst, storeFloats, toFloats } from 'isa';

/**
 * Integer products -> float outputs, as core's op.ts states the epilogue for quantized input:
 *
 *     y = fl(alpha[j] * float(sums[i, j]))                       alpha here is fl(alpha * step)
 *     y = fl(y + fl(beta[j] * float(S[class of i, j])))          where totals are given; beta is fl(alpha * base)
 *     y = fl(y + fl(fl(step * T[i, j]) + fl(base * R[class of i, j])))   where the mask is set; without R where it is 0
 *     y = fl(fl(y * scale[j]) + shift[j]), then fl(y + residual[i, j]) where it is given
 *     y = y > low ? y : low, then y < high ? y : high
 *
 * Strides are in bytes; sums and T have one, y and residual another.
 * @param to [pixels, rows]  @param sums [pixels, padded rows] int32
 * @param totals S as [classes, padded rows] int32, or 0  @param terms T, or 0  @param mask [padded rows], all ones where
 *   a row has full-precision weights  @param residuals R as [classes, padded rows], or 0 as without S  @param classes [pixels]
 * @param classBytes of one row of S and R
 */
export function finishRows(
  to: usize,
  toStride: usize,
  sums: usize,
  sumsStride: usize,
  pixels: i32,
  rows: i32,
  alpha: usize,
  beta: usize,
  totals: usize,
  terms: usize,
  step: f32,
  base: f32,
  mask: usize,
  residuals: usize,
  classes: usize,
  classBytes: usize,
  scale: usize,
  shift: usize,
  residual: usize,
  clamped: bool,
  low: f32,
  high: f32,
): void {
  for (let i = 0; i < pixels; i++) {
    if (totals) {
      const border = usize(load<i32>(classes + 4 * i)) * classBytes;
      finishPixel(
        to,
        sums,
        rows,
        alpha,
        beta,
        totals + border,
        terms,
        step,
        base,
        mask,
        residuals ? residuals + border : 0,
        scale,
        shift,
        residual,
        clamped,
        low,
        high,
      );
    } else if (residual || clamped)
      finishPixel(to, sums, rows, alpha, 0, 0, terms, step, 0, mask, 0, scale, shift, residual, clamped, low, high);
    else if (terms) finishPixel(to, sums, rows, alpha, 0, 0, terms, step, 0, mask, 0, scale, shift, 0, false, 0, 0);
    else finishPixel(to, sums, rows, alpha, 0, 0, 0, 0, 0, 0, 0, scale, shift, 0, false, 0, 0);
    to += toStride;
    sums += sumsStride;
    if (terms) terms += sumsStride;
    if (residual) residual += toStride;
  }
}

/** Inlined for each kind of layer: what is 0 there costs nothing. */
@inline
function finishPixel(
  to: usize,
  sums: usize,
  rows: i32,
  alpha: usize,
  beta: usize,
  totals: usize,
  terms: usize,
  step: f32,
  base: f32,
  mask: usize,
  residuals: usize,
  scale: usize,
  shift: usize,
  residual: usize,
  clamped: bool,
  low: f32,
  high: f32,
): void {
  const bytes = usize(4 * rows);
  const whole = bytes - (bytes % (4 * LANES));
  for (let j: usize = 0; j < bytes; j += 4 * LANES) {
    let y = mul(loadFloats(alpha + j), toFloats(loadInts(sums + j)));
    if (totals) y = add(y, mul(loadFloats(beta + j), toFloats(loadInts(totals + j))));
    if (terms) {
      let term = mul(splat(step), loadFloats(terms + j));
      if (residuals) term = add(term, mul(splat(base), loadFloats(residuals + j)));
      y = select(loadInts(mask + j), add(y, term), y);
    }
    y = add(mul(y, loadFloats(scale + j)), loadFloats(shift + j));
    if (residual) y = add(y, loadFloats(residual + j));
    if (clamped) y = atMost(atLeast(y, splat(low)), splat(high));
    if (j < whole) storeFloats(to + j, y);
    else storeFirst(to + j, y, rows - i32(j >> 2));
  }
}
