// AVX-512: sixteen lanes at a time, the last sixteen once more where lanes are left over; fewer by a mask.
#include "kernels/bit_gemm/op.h"
#include "kernels/cut_panel/op.h"
#include "kernels/unroll.h"
#include "kernels/x86_avx512_lanes.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;

// Whole words are copied: V vectors, the last one of which begins at lane `last`.
template <size_t V>
APB_INLINE void Copy(const CutPanelArgs& args, const uint32_t* lines, uint32_t* panel, size_t last, __mmask16 mask) {
  for (const Piece *piece = args.pieces, *end = piece + args.count; piece < end; ++piece) {
    const uint32_t* from = lines + piece->from;
    uint32_t* to = panel + piece->word * kTileRows;
    __m512i x[V];
    APB_UNROLL
    for (size_t v = 0; v + 1 < V; ++v) x[v] = _mm512_loadu_si512(from + v * kLanes);
    x[V - 1] = _mm512_maskz_loadu_epi32(mask, from + last);
    APB_UNROLL
    for (size_t v = 0; v + 1 < V; ++v) _mm512_storeu_si512(to + v * kLanes, x[v]);
    _mm512_mask_storeu_epi32(to + last, mask, x[V - 1]);
  }
}

// Words are put together in registers.
template <size_t V>
APB_INLINE void Join(const CutPanelArgs& args, const uint32_t* lines, uint32_t* panel, size_t last, __mmask16 mask) {
  for (const Piece *piece = args.pieces, *end = piece + args.count; piece < end;) {
    const uint32_t word = piece->word;
    __m512i bits[V] = {};
    for (; piece < end && piece->word == word; ++piece) {
      const __m512i turn = _mm512_set1_epi32(piece->turn), taken = _mm512_set1_epi32(static_cast<int>(piece->mask));
      const uint32_t* from = lines + piece->from;
      APB_UNROLL
      for (size_t v = 0; v < V; ++v) {
        const __m512i x =
            v + 1 < V ? _mm512_loadu_si512(from + v * kLanes) : _mm512_maskz_loadu_epi32(mask, from + last);
        // bits | (turned & taken)
        bits[v] = _mm512_ternarylogic_epi32(bits[v], _mm512_rolv_epi32(x, turn), taken, 0xf8);
      }
    }
    uint32_t* to = panel + word * kTileRows;
    APB_UNROLL
    for (size_t v = 0; v + 1 < V; ++v) _mm512_storeu_si512(to + v * kLanes, bits[v]);
    _mm512_mask_storeu_epi32(to + last, mask, bits[V - 1]);
  }
}

template <size_t V>
void Cut(const CutPanelArgs& args) {
  const uint32_t* lines = static_cast<const uint32_t*>(args.lines);
  uint32_t* panel = static_cast<uint32_t*>(args.panel);
  const size_t last = args.lanes < kLanes ? 0 : args.lanes - kLanes;
  const __mmask16 mask = FirstOf(args.lanes);
  for (unsigned p = 0; p < args.planes; ++p, lines += args.plane, panel += args.words * kTileRows)
    if (args.whole)
      Copy<V>(args, lines, panel, last, mask);
    else
      Join<V>(args, lines, panel, last, mask);
}

}  // namespace

void CutPanelX86Avx512Vpopcntdq(const CutPanelArgs& args) {
  switch ((args.lanes + kLanes - 1) / kLanes) {
    case 1: return Cut<1>(args);
    case 2: return Cut<2>(args);
    case 3: return Cut<3>(args);
    case 4: return Cut<4>(args);
  }
}

}  // namespace apb
