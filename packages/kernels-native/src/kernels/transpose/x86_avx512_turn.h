// A block of 16 x 16 words turned around in registers. For files of this instruction set only.
#include "kernels/unroll.h"
#include "kernels/x86_avx512_lanes.h"

namespace apb {
namespace {

constexpr size_t kBlock = 16;

// Four rows at a time: words, then pairs of words, within 128-bit quarters; then the quarters twice.
inline void Turn(__m512i* r) {
  __m512i t[kBlock];
  APB_UNROLL
  for (size_t i = 0; i < kBlock; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  APB_UNROLL
  for (size_t i = 0; i < kBlock; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  // r[4 * g + c]: column 4 * q + c of rows 4 * g .. 4 * g + 3 in quarter q.
  APB_UNROLL
  for (size_t c = 0; c < 4; ++c) {
    const __m512i even_low = _mm512_shuffle_i32x4(r[c], r[4 + c], 0x88);  // quarters 0, 2 of groups 0, 1
    const __m512i odd_low = _mm512_shuffle_i32x4(r[c], r[4 + c], 0xdd);   // quarters 1, 3
    const __m512i even_high = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0x88);
    const __m512i odd_high = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0xdd);
    t[c] = _mm512_shuffle_i32x4(even_low, even_high, 0x88);
    t[4 + c] = _mm512_shuffle_i32x4(odd_low, odd_high, 0x88);
    t[8 + c] = _mm512_shuffle_i32x4(even_low, even_high, 0xdd);
    t[12 + c] = _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd);
  }
  APB_UNROLL
  for (size_t i = 0; i < kBlock; ++i) r[i] = t[i];
}

}  // namespace
}  // namespace apb
