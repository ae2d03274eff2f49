// AVX-512 VPOPCNTDQ: a vector holds 32 bits of sixteen rows, a word of the other side is broadcast, as in bit_gemm.
#include <immintrin.h>

#include "kernels/balanced_gemm/op.h"
#include "kernels/unroll.h"
#include "kernels/x86_registers.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;
// Register tile: one vector of rows against eight columns, three sums each.
constexpr size_t kColumns = 8;

// Truth tables over (s, n_a, n_b).
constexpr int kXorOr = 0x1e;   // s ^ (n_a | n_b)
constexpr int kXorAnd = 0x78;  // s ^ (n_a & n_b)

struct Sums {
  __m512i of_or, of_s, of_and;
};

template <size_t C>
APB_INLINE void Word(const BitGemmArgs& args, const uint32_t* a, const uint32_t* b, Sums* sums) {
  const __m512i n_a = _mm512_load_si512(a), s_a = _mm512_load_si512(a + args.words * args.lanes.stride);
  const uint32_t* signs = b + args.words * args.columns.stride;
  APB_UNROLL
  for (size_t c = 0; c < C; ++c) {
    const __m512i n_b = _mm512_set1_epi32(static_cast<int>(b[c]));
    const __m512i s = _mm512_xor_si512(s_a, _mm512_set1_epi32(static_cast<int>(signs[c])));
    const __m512i by_or = _mm512_popcnt_epi32(_mm512_ternarylogic_epi32(s, n_a, n_b, kXorOr));
    const __m512i by_and = _mm512_popcnt_epi32(_mm512_ternarylogic_epi32(s, n_a, n_b, kXorAnd));
    const __m512i by_s = _mm512_popcnt_epi32(s);
    APB_ACCUMULATE("vpaddd", _mm512_add_epi32, sums[c].of_or, by_or);
    APB_ACCUMULATE("vpaddd", _mm512_add_epi32, sums[c].of_s, by_s);
    APB_ACCUMULATE("vpaddd", _mm512_add_epi32, sums[c].of_and, by_and);
  }
}

// One vector of rows from `lane` x C columns from `column`.
template <size_t C>
APB_NOINLINE void Tile(const BitGemmArgs& args, size_t lane, size_t column) {
  const uint32_t* a = static_cast<const uint32_t*>(args.lanes.words) + lane;
  const uint32_t* b = static_cast<const uint32_t*>(args.columns.words) + column;
  int32_t* out = args.out + column * args.ldo + lane;
  Sums sums[C];
  APB_UNROLL
  for (size_t c = 0; c < C; ++c) {
    _mm_prefetch(reinterpret_cast<const char*>(out + c * args.ldo), _MM_HINT_T0);
    sums[c] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
  }
  for (size_t w = args.words; w > 0; --w, a += args.lanes.stride, b += args.columns.stride) Word<C>(args, a, b, sums);
  const __m512i of_lanes = args.lane_terms ? _mm512_loadu_si512(args.lane_terms + lane) : _mm512_setzero_si512();
  APB_UNROLL
  for (size_t c = 0; c < C; ++c) {
    const int32_t term = args.column_terms ? args.column_terms[column + c] : 0;
    // 3 * o + 5 * s + a = 4 * (o + s) - (o - s) + a
    const Sums& t = sums[c];
    const __m512i four = _mm512_slli_epi32(_mm512_add_epi32(t.of_or, t.of_s), 2);
    const __m512i rest = _mm512_sub_epi32(_mm512_sub_epi32(t.of_or, t.of_s), t.of_and);
    const __m512i start = _mm512_add_epi32(of_lanes, _mm512_set1_epi32(term));
    _mm512_storeu_si512(out + c * args.ldo, _mm512_add_epi32(_mm512_sub_epi32(start, four), rest));
  }
}

inline void Rest(const BitGemmArgs& args, size_t lane, size_t column) {
  switch (args.columns.items - column) {
    case 7: return Tile<7>(args, lane, column);
    case 6: return Tile<6>(args, lane, column);
    case 5: return Tile<5>(args, lane, column);
    case 4: return Tile<4>(args, lane, column);
    case 3: return Tile<3>(args, lane, column);
    case 2: return Tile<2>(args, lane, column);
    case 1: return Tile<1>(args, lane, column);
  }
}

}  // namespace

void BalancedGemmX86Avx512Vpopcntdq(const BitGemmArgs& args) {
  for (size_t lane = 0; lane < args.lanes.items; lane += kLanes) {
    size_t column = 0;
    for (; column + kColumns <= args.columns.items; column += kColumns) Tile<kColumns>(args, lane, column);
    Rest(args, lane, column);
  }
}

}  // namespace apb
