import { LANES } from 'isa';

/** Weight rows of a float panel, two vectors: panel[column * PANEL + row]. */
export const PANEL: i32 = 2 * LANES;
