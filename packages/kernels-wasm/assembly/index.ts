/**
 * Every kernel that all builds share, one file each. Kernels allocate nothing: all memory is given by address, and
 * every block may be read (never written) up to 16 bytes past its end.
 * Addresses and strides are in bytes, counts in elements, unless said otherwise.
 */
export { CELL_BYTES, CELL_CHANNELS, DIGIT_BITS, LANES, ROW_GRAIN, WEIGHT_BYTES } from 'isa';
export { HEADER_BYTES } from './cellHeader';
export { PANEL as FLOAT_PANEL } from './floatPanel';
export { heapBase } from './heapBase';

export { tapTable } from './tapTable';
export { borderTable } from './borderTable';
export { patchStarts } from './patchStarts';
export { packPanels } from './packPanels';
export { tapSums } from './tapSums';
export { sumTaps } from './sumTaps';
export { fillLine } from './fillLine';
export { sparseEntries } from './sparseEntries';
export { sparseProduct } from './sparseProduct';
export { residualSums } from './residualSums';
export { finishRows } from './finishRows';

export { packFloatPanels } from './packFloatPanels';
export { expandPanel } from './expandPanel';
export { floatProduct } from './floatProduct';

export { affine } from './affine';
export { add } from './add';
export { clamp } from './clamp';
export { prelu } from './prelu';
export { quantizeSigns } from './quantizeSigns';
export { quantizeCodes } from './quantizeCodes';
export { dequantize } from './dequantize';
export { maxPool } from './maxPool';
export { avgPool } from './avgPool';
export { gatherRows } from './gatherRows';
export { padRows } from './padRows';
export { repackRows } from './repackRows';
