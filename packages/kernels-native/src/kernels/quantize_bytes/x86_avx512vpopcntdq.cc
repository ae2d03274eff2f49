#include <immintrin.h>

#include "kernels/quantize_bytes/op.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;

}  // namespace

void QuantizeBytesX86Avx512Vpopcntdq(const QuantizeBytesArgs& args) {
  const __m512 lo = _mm512_set1_ps(args.lo), hi = _mm512_set1_ps(args.hi), inv = _mm512_set1_ps(args.inv);
  for (size_t i = 0; i < args.rows; ++i) {
    const float* x = args.x + i * args.stride;
    uint8_t* out = args.out + i * args.k;
    for (size_t l = 0; l < args.k; l += kLanes) {
      const size_t count = args.k - l;
      const __mmask16 lanes = count >= kLanes ? 0xffff : static_cast<__mmask16>((1u << count) - 1);
      const __m512 clipped = _mm512_min_ps(_mm512_max_ps(_mm512_maskz_loadu_ps(lanes, x + l), lo), hi);
      // Converts by the default rounding mode: to nearest, ties to even.
      const __m512i codes = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_sub_ps(clipped, lo), inv));
      _mm512_mask_cvtepi32_storeu_epi8(out + l, lanes, codes);
    }
  }
}

}  // namespace apb
