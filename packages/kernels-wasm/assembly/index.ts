/**
 * Every kernel of both builds, one file each. Kernels allocate nothing: all memory is given by address, and
 * every block may be read (never written) up to 16 bytes past its end.
 * Addresses and strides are in bytes, counts in elements, unless said otherwise.
 */
export { BIT_BYTES, LANES } from 'isa';
export { ROWS as BIT_PANEL } from './bitProduct';
export { PANEL as FLOAT_PANEL } from './floatPanel';
export { heapBase } from './heapBase';

export { tapTable } from './tapTable';
export { borderTable } from './borderTable';
export { gatherBits } from './gatherBits';
export { patchStarts } from './patchStarts';
export { packBitPanels } from './packBitPanels';
export { tapSums } from './tapSums';
export { xorProduct } from './xorProduct';
export { andProduct } from './andProduct';
export { sumTaps } from './sumTaps';
export { subtractRows } from './subtractRows';
export { scaleSums } from './scaleSums';
export { addBase } from './addBase';
export { unpackCodes } from './unpackCodes';
export { unpackSigns } from './unpackSigns';
export { sparseProduct } from './sparseProduct';
export { residualSums } from './residualSums';
export { addSparse } from './addSparse';

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
