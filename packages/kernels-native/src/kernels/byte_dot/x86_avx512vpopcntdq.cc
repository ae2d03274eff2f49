#include <immintrin.h>

#include "kernels/byte_dot/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

// V vectors of 16 rows at once, so that one's additions hide the latency of another's.
template <size_t V>
void Blocks(const ByteDotArgs& args, size_t first) {
  __m512 sums[V];
  APB_UNROLL
  for (size_t v = 0; v < V; ++v)
    sums[v] = args.more ? _mm512_loadu_ps(args.sums + first + 16 * v) : _mm512_setzero_ps();
  for (size_t t = 0; t < args.terms; ++t) {
    const size_t column = args.columns[t];
    const uint32_t* codes = args.codes + column / 4 * kByteRows + first;
    const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(column % 4 * 8));
    const __m512 value = _mm512_set1_ps(args.values[t]);
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      const __m512i q =
          _mm512_and_si512(_mm512_srl_epi32(_mm512_loadu_si512(codes + 16 * v), shift), _mm512_set1_epi32(255));
      sums[v] = _mm512_add_ps(sums[v], _mm512_mul_ps(value, _mm512_cvtepi32_ps(q)));
    }
  }
  APB_UNROLL
  for (size_t v = 0; v < V; ++v) _mm512_storeu_ps(args.sums + first + 16 * v, sums[v]);
}

}  // namespace

void ByteDotX86Avx512Vpopcntdq(const ByteDotArgs& args) {
  if (args.rows > 48) return Blocks<4>(args, 0);
  if (args.rows > 32) return Blocks<3>(args, 0);
  if (args.rows > 16) return Blocks<2>(args, 0);
  Blocks<1>(args, 0);
}

}  // namespace apb
