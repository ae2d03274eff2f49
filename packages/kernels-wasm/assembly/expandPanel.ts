import { gatherInts, LANES, loadFloats, negateWhere, storeFloats } from 'isa';
import { PANEL } from './floatPanel';

/**
 * One panel of W_hat from packed signs: sign * scale everywhere, then the full-precision weights as they stand.
 * @param to room for k rounded up to 32 columns
 * @param signs the panel's first of PANEL packed rows  @param scales [PANEL]
 * @param rowStart the panel's rows + 1 entries  @param rows of the panel, at most PANEL
 */
export function expandPanel(
  to: usize,
  signs: usize,
  rowBytes: usize,
  scales: usize,
  rows: i32,
  rowStart: usize,
  columns: usize,
  values: usize,
): void {
  const low = loadFloats(scales);
  const high = loadFloats(scales + 4 * LANES);
  let at = to;
  for (let byte: usize = 0; byte < rowBytes; byte += 4) {
    const lowSigns = gatherInts(signs + byte, rowBytes);
    const highSigns = gatherInts(signs + byte + usize(LANES) * rowBytes, rowBytes);
    for (let bit = 0; bit < 32; bit++, at += 4 * PANEL) {
      storeFloats(at, negateWhere(low, lowSigns, bit));
      storeFloats(at + 4 * LANES, negateWhere(high, highSigns, bit));
    }
  }
  for (let r = 0; r < rows; r++) {
    const end = usize(load<u32>(rowStart + 4 * (r + 1)));
    for (let i = usize(load<u32>(rowStart + 4 * r)); i < end; i++)
      store<f32>(to + 4 * (usize(load<u32>(columns + 4 * i)) * PANEL + r), load<f32>(values + 4 * i));
  }
}
