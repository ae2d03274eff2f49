// AVX-512: the cases of a channel are one vector, which a permutation spreads over the rows.
#include "kernels/correct_panel/op.h"
#include "kernels/transpose/x86_avx512_turn.h"

namespace apb {

void CorrectPanelX86Avx512Vpopcntdq(const CorrectPanelArgs& args) {
  const __mmask16 mask = FirstOf(args.channels);
  __m512i table[kBlock];
  APB_UNROLL
  for (size_t i = 0; i < kBlock; ++i)
    table[i] =
        i < args.case_count ? _mm512_maskz_loadu_epi32(mask, args.corrections[i] + args.first) : _mm512_setzero_si512();
  Turn(table);
  alignas(64) int32_t by_channel[kBlock * kBlock];
  APB_UNROLL
  for (size_t c = 0; c < kBlock; ++c) _mm512_store_si512(by_channel + c * kBlock, table[c]);
  for (size_t row = 0; row < args.rows; row += kBlock) {
    const __m512i cases = _mm512_loadu_si512(args.cases + row);
    for (size_t c = 0; c < args.channels; ++c) {
      int32_t* acc = args.acc + c * kTileRows + row;
      const __m512i correction = _mm512_permutexvar_epi32(cases, _mm512_load_si512(by_channel + c * kBlock));
      _mm512_storeu_si512(acc, _mm512_add_epi32(_mm512_loadu_si512(acc), correction));
    }
  }
}

}  // namespace apb
