import { CELL_CHANNELS, PANEL_ROWS, ROW_GRAIN, storeWeights, WEIGHT_BYTES } from 'isa';
import { readWord } from './bits';

/**
 * Repacks one sign plane of weights into panels for cellProduct: panel, weight plane, tap, cell, row of the panel.
 * A panel has PANEL_ROWS rows, the last one what is left. Rows beyond the last and channels beyond a tap's end are zero.
 * @param from [rows] packed rows of rowBytes  @param planes weight planes in all
 */
export function packPanels(
  to: usize,
  from: usize,
  rowBytes: i32,
  rows: i32,
  taps: i32,
  channels: i32,
  planes: i32,
  plane: i32,
): void {
  const padded = (rows + ROW_GRAIN - 1) / ROW_GRAIN * ROW_GRAIN;
  const cells = (channels + CELL_CHANNELS - 1) / CELL_CHANNELS;
  for (let row = 0; row < padded; row += PANEL_ROWS) {
    const width = min(PANEL_ROWS, padded - row);
    const planeBytes = usize(taps * cells * width * WEIGHT_BYTES);
    let at = to + usize(plane) * planeBytes;
    for (let tap = 0; tap < taps; tap++)
      for (let c = 0; c < channels; c += CELL_CHANNELS)
        for (let r = row; r < row + width; r++, at += WEIGHT_BYTES) {
          const count = min(CELL_CHANNELS, channels - c);
          storeWeights(at, r < rows ? readWord(from + usize(r * rowBytes), tap * channels + c, count) : 0);
        }
    to += planeBytes * planes;
  }
}
