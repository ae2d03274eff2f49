import { gatherInts, Ints, LANES, orBit, storeFloats, toFloats, zeroInts } from 'isa';

/**
 * Codes of LANES patches as floats, interleaved: to[column * LANES + lane], column < k rounded up to 32.
 * @param patches from gatherBits
 */
export function unpackCodes(to: usize, patches: usize, patchBytes: usize, planes: i32, k: i32): void {
  const stride = patchBytes * planes;
  for (let column = 0; column < k; column += 32, patches += 4)
    for (let bit = 0; bit < 32; bit++, to += 4 * LANES) {
      let q: Ints = zeroInts();
      for (let p = 0; p < planes; p++) q = orBit(q, gatherInts(patches + usize(p) * patchBytes, stride), bit, p);
      storeFloats(to, toFloats(q));
    }
}
