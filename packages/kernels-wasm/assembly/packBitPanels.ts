import { BIT_BYTES } from 'isa';
import { ROWS } from './bitProduct';

/**
 * Repacks one sign plane of weights into panels: panel, weight plane, vector of BIT_BYTES, row of the panel.
 * Rows beyond the last and bytes beyond a row's end become zero.
 * @param from [rows] packed rows of rowBytes  @param vectors per row  @param planes weight planes of the panel
 */
export function packBitPanels(
  to: usize,
  from: usize,
  rowBytes: i32,
  rows: i32,
  vectors: i32,
  planes: i32,
  plane: i32,
): void {
  const planeBytes = ROWS * vectors * BIT_BYTES;
  for (let row = 0; row < rows; row += ROWS) {
    let at = to + usize(((row / ROWS) * planes + plane) * planeBytes);
    memory.fill(at, 0, planeBytes);
    for (let byte = 0; byte < rowBytes; byte += BIT_BYTES)
      for (let r = 0; r < ROWS; r++, at += BIT_BYTES)
        if (row + r < rows)
          memory.copy(at, from + (row + r) * rowBytes + byte, min(BIT_BYTES, rowBytes - byte));
  }
}
