// AVX-512: sixteen lanes at a time, the last sixteen once more where lanes are left over; fewer by a mask.
#include "kernels/bit_gemm/op.h"
#include "kernels/cut_panel/op.h"
#include "kernels/x86_avx512_lanes.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;

// Calls visit(first lane, mask) for all lanes, a mask of all ones (known to the compiler) for whole vectors.
template <typename Visit>
inline void ForVectors(size_t lanes, Visit visit) {
  constexpr __mmask16 kAll = 0xffff;
  if (lanes < kLanes) return visit(0, FirstOf(lanes));
  for (size_t i = 0; i + kLanes <= lanes; i += kLanes) visit(i, kAll);
  if (lanes % kLanes) visit(lanes - kLanes, kAll);
}

// Whole words are copied.
inline void Copy(const CutPanelArgs& args, const uint32_t* lines, uint32_t* panel) {
  ForVectors(args.lanes, [&](size_t i, __mmask16 mask) {
    for (size_t j = 0; j < args.count; ++j) {
      const __m512i x = _mm512_maskz_loadu_epi32(mask, lines + args.pieces[j].from + i);
      _mm512_mask_storeu_epi32(panel + args.pieces[j].word * kTileRows + i, mask, x);
    }
  });
}

// Words are put together in a register.
inline void Join(const CutPanelArgs& args, const uint32_t* lines, uint32_t* panel) {
  ForVectors(args.lanes, [&](size_t i, __mmask16 mask) {
    for (size_t j = 0; j < args.count;) {
      const uint32_t word = args.pieces[j].word;
      __m512i bits = _mm512_setzero_si512();
      for (; j < args.count && args.pieces[j].word == word; ++j) {
        const Piece& piece = args.pieces[j];
        const __m512i x = _mm512_maskz_loadu_epi32(mask, lines + piece.from + i);
        const __m512i turned = _mm512_rolv_epi32(x, _mm512_set1_epi32(piece.turn));
        // bits | (turned & mask)
        bits = _mm512_ternarylogic_epi32(bits, turned, _mm512_set1_epi32(static_cast<int>(piece.mask)), 0xf8);
      }
      _mm512_mask_storeu_epi32(panel + word * kTileRows + i, mask, bits);
    }
  });
}

}  // namespace

void CutPanelX86Avx512Vpopcntdq(const CutPanelArgs& args) {
  const uint32_t* lines = static_cast<const uint32_t*>(args.lines);
  uint32_t* panel = static_cast<uint32_t*>(args.panel);
  for (unsigned p = 0; p < args.planes; ++p, lines += args.plane, panel += args.words * kTileRows)
    if (args.whole)
      Copy(args, lines, panel);
    else
      Join(args, lines, panel);
}

}  // namespace apb
