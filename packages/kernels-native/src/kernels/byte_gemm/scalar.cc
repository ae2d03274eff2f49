#include "kernels/byte_gemm/op.h"

namespace apb {
namespace {

// Part of k worked on at a time: 16-bit sums of 124 numbers from -256 to 255 cannot overflow.
constexpr size_t kQuads = 31;
constexpr size_t kDepth = 4 * kQuads;
constexpr size_t kRows = 4;

// -q = ~q + 1: masks are 0 or -1 (all ones), and what the ones add up to depends on the channel alone.
struct Part {
  int16_t masks[kDepth][kPanel];
  int32_t negatives[kPanel];
};

void Expand(const uint64_t* signs, size_t quads, Part& part) {
  for (size_t j = 0; j < kPanel; ++j) part.negatives[j] = 0;
  for (size_t l = 0; l < 4 * quads; ++l)
    for (size_t j = 0; j < kPanel; ++j) {
      const int bit = static_cast<int>((signs[l / 4] >> (4 * j + l % 4)) & 1);
      part.masks[l][j] = static_cast<int16_t>(-bit);
      part.negatives[j] += bit;
    }
}

template <size_t R>
void Rows(const Part& part, const uint8_t* a, size_t lda, size_t depth, bool first, int32_t* out, size_t ldo) {
  int16_t sums[R][kPanel] = {};
  for (size_t l = 0; l < depth; ++l)
    for (size_t r = 0; r < R; ++r) {
      const int16_t q = a[r * lda + l];
      for (size_t j = 0; j < kPanel; ++j)
        sums[r][j] = static_cast<int16_t>(sums[r][j] + static_cast<int16_t>(q ^ part.masks[l][j]));
    }
  for (size_t r = 0; r < R; ++r)
    for (size_t j = 0; j < kPanel; ++j)
      out[r * ldo + j] = (first ? 0 : out[r * ldo + j]) + sums[r][j] + part.negatives[j];
}

}  // namespace

void ByteGemmScalar(const ByteGemmArgs& args) {
  Part part;
  for (size_t p = 0; p < args.panels; ++p)
    for (size_t t = 0; t < args.quads; t += kQuads) {
      const size_t quads = args.quads - t < kQuads ? args.quads - t : kQuads;
      Expand(args.signs + p * args.quads + t, quads, part);
      const uint8_t* a = args.a + 4 * t;
      int32_t* out = args.out + p * kPanel;
      size_t i = 0;
      for (; i + kRows <= args.rows; i += kRows)
        Rows<kRows>(part, a + i * args.lda, args.lda, 4 * quads, t == 0, out + i * args.ldo, args.ldo);
      for (; i < args.rows; ++i)
        Rows<1>(part, a + i * args.lda, args.lda, 4 * quads, t == 0, out + i * args.ldo, args.ldo);
    }
}

}  // namespace apb
