// AVX-512 VPOPCNTDQ: a vector holds 32 bits of sixteen rows, a word of the other side is broadcast (after Nardini
// et al., arXiv 2306.08960, section 4, who use 64-bit lanes: 32-bit ones give twice the results per vector and
// need no narrowing at the end).
#include <immintrin.h>

#include "kernels/bit_gemm/op.h"
#include "kernels/unroll.h"
#include "kernels/x86_registers.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;
// Register tiles have up to 16 sums; with 4 vectors of rows a word is 8 loads for 48 operations. On Zen 4, of the
// ceiling, k = 576 / 2304: 4 x 4 0.90 / 0.98, 2 x 8 0.89 / 0.97, 1 x 8 0.87 / 0.97, 1 x 16 0.85 / 0.97.

template <bool exclusive>
inline __m512i Count(__m512i x, __m512i y) {
  return _mm512_popcnt_epi32(exclusive ? _mm512_xor_si512(x, y) : _mm512_and_si512(x, y));
}

// Counts of V vectors of rows against C columns, one word of one plane on either side. The first word of all
// writes the sums, later ones add.
template <size_t V, size_t C, bool exclusive, bool first>
APB_INLINE void Word(const uint32_t* a, const uint32_t* b, ptrdiff_t ahead, __m512i* sums) {
  _mm_prefetch(reinterpret_cast<const char*>(b) + ahead, _MM_HINT_T0);
  __m512i x[V];
  APB_UNROLL
  for (size_t v = 0; v < V; ++v) x[v] = _mm512_load_si512(a + v * kLanes);
  APB_UNROLL
  for (size_t c = 0; c < C; ++c) {
    const __m512i y = _mm512_set1_epi32(static_cast<int>(b[c]));
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      const __m512i count = Count<exclusive>(x[v], y);
      if (first)
        sums[c * V + v] = count;
      else
        APB_ACCUMULATE("vpaddd", _mm512_add_epi32, sums[c * V + v], count);
    }
  }
}

// All words of one plane on either side.
template <size_t V, size_t C, bool exclusive, bool first>
APB_INLINE void Pass(const uint32_t* a, size_t lda, const uint32_t* b, size_t ldb, size_t words, ptrdiff_t ahead,
                     __m512i* sums) {
  if (first) {
    Word<V, C, exclusive, true>(a, b, ahead, sums);
    a += lda;
    b += ldb;
    --words;
  }
  for (; words > 0; --words, a += lda, b += ldb) Word<V, C, exclusive, false>(a, b, ahead, sums);
}

// Sums of P planes of the lanes and U of the columns. The numbers are known here, since loops over planes around a
// short tile cost about as much as one of its words. Goes from the largest weight 2^(p + u) down, plane u of the
// columns after plane; sums are doubled before the next lower weight.
template <size_t V, size_t C, bool exclusive, size_t P, size_t U, size_t level = P + U - 2, size_t u = 0>
APB_INLINE void Sums(const uint32_t* a, size_t lda, const uint32_t* b, size_t ldb, size_t words, ptrdiff_t ahead,
                     __m512i* sums) {
  constexpr bool kTop = level == P + U - 2;
  if constexpr (u == 0 && !kTop) {
    APB_UNROLL
    for (size_t i = 0; i < V * C; ++i) sums[i] = _mm512_add_epi32(sums[i], sums[i]);
  }
  if constexpr (u <= level && level - u < P)
    Pass<V, C, exclusive, kTop>(a + (level - u) * words * lda, lda, b + u * words * ldb, ldb, words, ahead, sums);
  if constexpr (u + 1 < U)
    Sums<V, C, exclusive, P, U, level, u + 1>(a, lda, b, ldb, words, ahead, sums);
  else if constexpr (level > 0)
    Sums<V, C, exclusive, P, U, level - 1, 0>(a, lda, b, ldb, words, ahead, sums);
}

// kOfColumns, kOfLanes: the other terms are null and the factor is -2.
enum class Terms { kOfColumns, kOfLanes, kAny };

Terms TermsOf(const BitGemmArgs& args) {
  if (args.factor != -2 || !args.lane_terms == !args.column_terms) return Terms::kAny;
  return args.lane_terms ? Terms::kOfLanes : Terms::kOfColumns;
}

template <size_t V, size_t C, Terms terms>
APB_INLINE void Store(const BitGemmArgs& args, size_t lane, size_t column, const __m512i* sums, int32_t* out) {
  __m512i of_lanes[V];
  APB_UNROLL
  for (size_t v = 0; v < V; ++v)
    of_lanes[v] = terms == Terms::kOfLanes || (terms == Terms::kAny && args.lane_terms)
                      ? _mm512_loadu_si512(args.lane_terms + lane + v * kLanes)
                      : _mm512_setzero_si512();
  const __m512i factor = _mm512_set1_epi32(args.factor);
  APB_UNROLL
  for (size_t c = 0; c < C; ++c, out += args.ldo) {
    const bool with_column = terms == Terms::kOfColumns || (terms == Terms::kAny && args.column_terms);
    const __m512i of_column = _mm512_set1_epi32(with_column ? args.column_terms[column + c] : 0);
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      const __m512i sum = sums[c * V + v];
      const __m512i start = terms == Terms::kOfLanes     ? of_lanes[v]
                            : terms == Terms::kOfColumns ? of_column
                                                         : _mm512_add_epi32(of_lanes[v], of_column);
      const __m512i y = terms == Terms::kAny ? _mm512_add_epi32(start, _mm512_mullo_epi32(factor, sum))
                                             : _mm512_sub_epi32(start, _mm512_add_epi32(sum, sum));
      _mm512_storeu_si512(out + v * kLanes, y);
    }
  }
}

// V vectors of rows from `lane` x C columns from `column`.
template <size_t V, size_t C, bool exclusive, size_t P, size_t U>
APB_INLINE void Tile(const BitGemmArgs& args, size_t lane, size_t column) {
  const size_t ldo = args.ldo;
  int32_t* out = args.out + column * ldo + lane;
  // Results that go to memory: their lines are fetched while the counting goes on.
  const int32_t* line = out;
  APB_UNROLL
  for (size_t c = 0; c < C; ++c, line += ldo) {
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) _mm_prefetch(reinterpret_cast<const char*>(line + v * kLanes), _MM_HINT_T0);
  }
  __m512i sums[V * C];
  Sums<V, C, exclusive, P, U>(static_cast<const uint32_t*>(args.lanes.words) + lane, args.lanes.stride,
                              static_cast<const uint32_t*>(args.columns.words) + column, args.columns.stride,
                              args.words, args.ahead, sums);
  switch (TermsOf(args)) {
    case Terms::kOfColumns: return Store<V, C, Terms::kOfColumns>(args, lane, column, sums, out);
    case Terms::kOfLanes: return Store<V, C, Terms::kOfLanes>(args, lane, column, sums, out);
    case Terms::kAny: return Store<V, C, Terms::kAny>(args, lane, column, sums, out);
  }
}

// The last columns of a panel.
template <size_t V, bool exclusive, size_t P, size_t U, size_t C>
APB_INLINE void FewColumns(const BitGemmArgs& args, size_t lane, size_t column, size_t columns) {
  if (columns == C) return Tile<V, C, exclusive, P, U>(args, lane, column);
  if constexpr (C > 1) FewColumns<V, exclusive, P, U, C - 1>(args, lane, column, columns);
}

// V vectors of rows, C columns at a time.
template <size_t V, size_t C, bool exclusive, size_t P, size_t U>
APB_NOINLINE void Vectors(const BitGemmArgs& args, size_t lane) {
  size_t column = 0;
  for (; column + C <= args.columns.items; column += C) Tile<V, C, exclusive, P, U>(args, lane, column);
  const size_t rest = args.columns.items - column;
  if (rest > 0) FewColumns<V, exclusive, P, U, C - 1>(args, lane, column, rest);
}

// One vector of rows: a tile has as many sums as there are columns.
template <bool exclusive, size_t P, size_t U>
APB_NOINLINE void OneVector(const BitGemmArgs& args, size_t lane) {
  size_t column = 0, rest = args.columns.items;
  for (; rest >= kPanel; rest -= kPanel, column += kPanel) Tile<1, kPanel, exclusive, P, U>(args, lane, column);
  const size_t half = (rest + 1) / 2;
  if (rest > 8) FewColumns<1, exclusive, P, U, 8>(args, lane, column, half), column += half, rest -= half;
  if (rest > 0) FewColumns<1, exclusive, P, U, 8>(args, lane, column, rest);
}

template <bool exclusive, size_t P, size_t U>
inline void Run(const BitGemmArgs& args) {
  size_t lane = 0;
  for (; lane + 3 * kLanes < args.lanes.items; lane += 4 * kLanes) Vectors<4, 4, exclusive, P, U>(args, lane);
  if (lane >= args.lanes.items) return;
  switch ((args.lanes.items - lane - 1) / kLanes) {
    case 2: return Vectors<3, 4, exclusive, P, U>(args, lane);
    case 1: return Vectors<2, 8, exclusive, P, U>(args, lane);
    default: return OneVector<exclusive, P, U>(args, lane);
  }
}

// Numbers of planes of both sides, as one case.
constexpr size_t Pair(size_t lanes, size_t columns) { return lanes * 16 + columns; }

inline void Xor(const BitGemmArgs& args) {
  switch (Pair(args.lanes.planes, args.columns.planes)) {
    case Pair(1, 1): return Run<true, 1, 1>(args);
    case Pair(1, 2): return Run<true, 1, 2>(args);
    case Pair(2, 1): return Run<true, 2, 1>(args);
  }
}

inline void And(const BitGemmArgs& args) {
  switch (Pair(args.lanes.planes, args.columns.planes)) {
    case Pair(1, 1): return Run<false, 1, 1>(args);
    case Pair(1, 2): return Run<false, 1, 2>(args);
    case Pair(1, 4): return Run<false, 1, 4>(args);
    case Pair(2, 1): return Run<false, 2, 1>(args);
    case Pair(2, 2): return Run<false, 2, 2>(args);
    case Pair(2, 4): return Run<false, 2, 4>(args);
    case Pair(4, 1): return Run<false, 4, 1>(args);
    case Pair(4, 2): return Run<false, 4, 2>(args);
  }
}

}  // namespace

void BitGemmX86Avx512Vpopcntdq(const BitGemmArgs& args) {
  if (args.exclusive)
    Xor(args);
  else
    And(args);
}

}  // namespace apb
