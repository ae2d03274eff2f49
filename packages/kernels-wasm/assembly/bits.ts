/** Bit strings at any bit offset, least significant bit first. Reads and writes up to 8 bytes past the end. */

/** Bits moved at once: with an offset of up to 7 bits they still fit a 64-bit word. */
const CHUNK: i32 = 56;

/** Copies `count` bits into a destination whose bits there are zero. */
@inline
export function copyBits(to: usize, toBit: i32, from: usize, fromBit: i32, count: i32): void {
  for (let done = 0; done < count; done += CHUNK) {
    const chunk = readBits(from, fromBit + done, min(count - done, CHUNK));
    const at = toBit + done;
    const word = to + (at >>> 3);
    store<u64>(word, load<u64>(word) | (chunk << (at & 7)));
  }
}

/** Number of one bits among `count` bits. */
@inline
export function countBits(from: usize, fromBit: i32, count: i32): i32 {
  let total: i32 = 0;
  for (let done = 0; done < count; done += CHUNK)
    total += i32(popcnt<u64>(readBits(from, fromBit + done, min(count - done, CHUNK))));
  return total;
}

/** At most 64 bits; the rest of the word is zero. */
export function readWord(from: usize, bit: i32, count: i32): u64 {
  return readBits(from, bit, min(32, count)) | (count > 32 ? readBits(from, bit + 32, count - 32) << 32 : 0);
}

/** At most CHUNK bits; the rest of the word is zero. */
@inline
export function readBits(from: usize, bit: i32, count: i32): u64 {
  return (load<u64>(from + (bit >>> 3)) >> (bit & 7)) & ((u64(1) << count) - 1);
}
