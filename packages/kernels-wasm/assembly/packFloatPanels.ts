import { PANEL } from './floatPanel';

/** Repacks row-major weights [rows, k] into panels; rows beyond the last become zero. */
export function packFloatPanels(to: usize, from: usize, rows: i32, k: i32): void {
  for (let row = 0; row < rows; row += PANEL)
    for (let column = 0; column < k; column++)
      for (let r = 0; r < PANEL; r++, to += 4)
        store<f32>(to, row + r < rows ? load<f32>(from + 4 * ((row + r) * k + column)) : 0);
}
