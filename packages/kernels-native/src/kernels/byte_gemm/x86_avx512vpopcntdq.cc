// AVX-512 VNNI: 13 rows x 2 panels in 26 registers. A word of signs is a mask that picks +1 or -1 for 64 bytes, once
// for all rows: 26 dot products to 2 blends. On Zen 4 that is 0.92 of one dot product a cycle (the blends use the same
// ports); 12 rows of one panel, with as many blends to a dot product as 24 rows of two, reach 0.87.
#include <immintrin.h>
#include <string.h>

#include "kernels/byte_gemm/op.h"
#include "kernels/row_blocks.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kMostRows = 13;
// Rows that are reached from one pointer: multiples 0 to 4 of the stride are one addressing mode each, given 3 strides.
constexpr size_t kGroup = 5;

inline __m512i Four(const uint8_t* codes) {
  int four;
  memcpy(&four, codes, 4);
  return _mm512_set1_epi32(four);
}

template <size_t R, size_t P>
void Rows(const ByteGemmArgs& args, size_t first, size_t panel) {
  constexpr size_t kGroups = (R + kGroup - 1) / kGroup;
  const size_t lda = args.lda, lda3 = 3 * args.lda, ldo = args.ldo, quads = args.quads;
  const uint8_t* a[kGroups];
  APB_UNROLL
  for (size_t g = 0; g < kGroups; ++g) a[g] = args.a + (first + g * kGroup) * lda;
  const uint64_t* signs = args.signs + panel * quads;
  const __m512i plus = _mm512_set1_epi8(1), minus = _mm512_set1_epi8(-1);
  __m512i sums[R][P];
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    APB_UNROLL
    for (size_t p = 0; p < P; ++p) sums[r][p] = _mm512_setzero_si512();
  }
  for (size_t t = 0; t < quads; ++t) {
    __m512i s[P];
    APB_UNROLL
    for (size_t p = 0; p < P; ++p) s[p] = _mm512_mask_blend_epi8(_cvtu64_mask64(signs[p * quads + t]), plus, minus);
    APB_UNROLL
    for (size_t r = 0; r < R; ++r) {
      const uint8_t* at = a[r / kGroup];
      const __m512i q = Four(r % kGroup == 3 ? at + lda3 : at + r % kGroup * lda);
      APB_UNROLL
      for (size_t p = 0; p < P; ++p) sums[r][p] = _mm512_dpbusd_epi32(sums[r][p], q, s[p]);
    }
    APB_UNROLL
    for (size_t g = 0; g < kGroups; ++g) {
      a[g] += 4;
      APB_OPAQUE(a[g]);
    }
  }
  int32_t* out = args.out + first * ldo + panel * kPanel;
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    APB_UNROLL
    for (size_t p = 0; p < P; ++p) _mm512_storeu_si512(out + r * ldo + p * kPanel, sums[r][p]);
  }
}

using Block = void(const ByteGemmArgs& args, size_t first, size_t panel);

template <size_t P>
void Panels(const ByteGemmArgs& args, size_t panel) {
  static Block* const kBlocks[kMostRows] = {Rows<1, P>,  Rows<2, P>,  Rows<3, P>, Rows<4, P>, Rows<5, P>,
                                            Rows<6, P>,  Rows<7, P>,  Rows<8, P>, Rows<9, P>, Rows<10, P>,
                                            Rows<11, P>, Rows<12, P>, Rows<13, P>};
  ForEachRowBlock<kMostRows>(args.rows, [&](size_t first, size_t rows) { kBlocks[rows - 1](args, first, panel); });
}

}  // namespace

void ByteGemmX86Avx512Vpopcntdq(const ByteGemmArgs& args) {
  size_t p = 0;
  for (; p + 2 <= args.panels; p += 2) Panels<2>(args, p);
  if (p < args.panels) Panels<1>(args, p);
}

}  // namespace apb
