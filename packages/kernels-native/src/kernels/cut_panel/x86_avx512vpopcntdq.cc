// AVX-512: sixteen lanes at a time, the last ones by a mask.
#include <immintrin.h>

#include "kernels/bit_gemm/op.h"
#include "kernels/cut_panel/op.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;

inline __mmask16 FirstOf(size_t count) {
  return count >= kLanes ? static_cast<__mmask16>(0xffff) : static_cast<__mmask16>((1u << count) - 1);
}

inline __m512i Cut(const Piece& piece, __m512i x) {
  const __m512i mask = _mm512_set1_epi32(static_cast<int>(piece.mask));
  const __m512i bits = _mm512_and_si512(_mm512_srl_epi32(x, _mm_cvtsi32_si128(piece.right)), mask);
  return _mm512_sll_epi32(bits, _mm_cvtsi32_si128(piece.left));
}

template <bool whole>
inline void Plane(const CutPanelArgs& args, const uint32_t* lines, uint32_t* panel) {
  for (size_t j = 0; j < args.count; ++j) {
    const Piece& piece = args.pieces[j];
    const uint32_t* from = lines + piece.from;
    uint32_t* to = panel + piece.word * kTileRows;
    for (size_t i = 0; i < args.lanes; i += kLanes) {
      const __mmask16 mask = FirstOf(args.lanes - i);
      __m512i x = _mm512_maskz_loadu_epi32(mask, from + i);
      if (!whole) x = Cut(piece, x);
      if (!whole && !piece.first) x = _mm512_or_si512(x, _mm512_maskz_loadu_epi32(mask, to + i));
      _mm512_mask_storeu_epi32(to + i, mask, x);
    }
  }
}

}  // namespace

void CutPanelX86Avx512Vpopcntdq(const CutPanelArgs& args) {
  const uint32_t* lines = static_cast<const uint32_t*>(args.lines);
  uint32_t* panel = static_cast<uint32_t*>(args.panel);
  for (unsigned p = 0; p < args.planes; ++p, lines += args.plane, panel += args.words * kTileRows)
    if (args.whole)
      Plane<true>(args, lines, panel);
    else
      Plane<false>(args, lines, panel);
}

}  // namespace apb
