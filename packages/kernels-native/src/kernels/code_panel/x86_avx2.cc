// AVX2: eight rows at a time, a shift and a selection for every plane of a word.
#include <immintrin.h>

#include "kernels/code_panel/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 8;

// The codes of columns with c % P == j: bit p of each is the column's bit in plane p, which moves j - p to the right.
template <int P, int j>
inline __m256i Codes(const __m256i* planes) {
  // Bit 0 of every code.
  constexpr unsigned kFirst = P == 2 ? 0x55555555u : 0x11111111u;
  __m256i codes = _mm256_setzero_si256();
  APB_UNROLL
  for (int p = 0; p < P; ++p) {
    const __m256i moved =
        p <= j ? _mm256_srli_epi32(planes[p], p <= j ? j - p : 0) : _mm256_slli_epi32(planes[p], p <= j ? 0 : p - j);
    const __m256i bits = _mm256_set1_epi32(static_cast<int>(kFirst << p));
    codes = _mm256_or_si256(codes, _mm256_and_si256(moved, bits));
  }
  return codes;
}

inline void Store(uint32_t* to, __m256i codes) { _mm256_store_si256(reinterpret_cast<__m256i*>(to), codes); }

template <int P>
inline void Weave(const CodePanelArgs& args) {
  const size_t plane = args.count * kTileRows;
  for (size_t w = 0; w < args.count; ++w)
    for (size_t row = 0; row < args.rows; row += kLanes) {
      __m256i planes[P];
      APB_UNROLL
      for (int p = 0; p < P; ++p)
        planes[p] = _mm256_load_si256(reinterpret_cast<const __m256i*>(args.words + p * plane + w * kTileRows + row));
      uint32_t* to = args.codes + w * P * kTileRows + row;
      Store(to, Codes<P, 0>(planes));
      Store(to + kTileRows, Codes<P, 1>(planes));
      if (P == 2) continue;
      Store(to + 2 * kTileRows, Codes<P, P - 2>(planes));
      Store(to + 3 * kTileRows, Codes<P, P - 1>(planes));
    }
}

}  // namespace

void CodePanelX86Avx2(const CodePanelArgs& args) {
  if (args.planes == 2)
    Weave<2>(args);
  else
    Weave<4>(args);
}

}  // namespace apb
