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
// Register tile: 16 sums, 4 vectors of rows, so that a word is 8 loads for 48 operations. On Zen 4, of the ceiling,
// k = 576 / 2304: 4 x 4 0.90 / 0.98, 2 x 8 0.89 / 0.97, 1 x 8 0.87 / 0.97, 1 x 16 0.85 / 0.97.
constexpr size_t kVectors = 4;
constexpr size_t kColumns = 4;

template <bool exclusive>
inline __m512i Count(__m512i x, __m512i y) {
  return _mm512_popcnt_epi32(exclusive ? _mm512_xor_si512(x, y) : _mm512_and_si512(x, y));
}

// Counts of V vectors of rows against C columns, one word of one plane on either side. The first word of all
// writes the sums, later ones add.
template <size_t V, size_t C, bool exclusive, bool first>
inline void Word(const uint32_t* a, const uint32_t* b, __m512i* sums) {
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
inline void Pass(const uint32_t* a, size_t lda, const uint32_t* b, size_t ldb, size_t words, __m512i* sums) {
  if (first) {
    Word<V, C, exclusive, true>(a, b, sums);
    a += lda;
    b += ldb;
    --words;
  }
  for (; words > 0; --words, a += lda, b += ldb) Word<V, C, exclusive, false>(a, b, sums);
}

// Planes of one weight 2^(p + u) are added up before the sums are doubled for the next lower weight.
template <size_t V, size_t C, bool exclusive>
inline void Sums(const BitGemmArgs& args, const uint32_t* lanes, const uint32_t* columns, __m512i* sums) {
  const size_t lda = args.lanes.stride, ldb = args.columns.stride, words = args.words;
  const size_t top_p = args.lanes.planes - 1, top_u = args.columns.planes - 1;
  if (top_p + top_u == 0) return Pass<V, C, exclusive, true>(lanes, lda, columns, ldb, words, sums);
  Pass<V, C, exclusive, true>(lanes + top_p * words * lda, lda, columns + top_u * words * ldb, ldb, words, sums);
  for (size_t level = top_p + top_u; level-- > 0;) {
    APB_UNROLL
    for (size_t i = 0; i < V * C; ++i) sums[i] = _mm512_add_epi32(sums[i], sums[i]);
    for (size_t u = 0; u <= top_u && u <= level; ++u)
      if (level - u <= top_p)
        Pass<V, C, exclusive, false>(lanes + (level - u) * words * lda, lda, columns + u * words * ldb, ldb, words,
                                     sums);
  }
}

inline __m512i Scaled(__m512i terms, __m512i sum, int32_t factor) {
  const __m512i product = factor & 1 ? sum : _mm512_add_epi32(sum, sum);
  return factor < 0 ? _mm512_sub_epi32(terms, product) : _mm512_add_epi32(terms, product);
}

// column_terms may be null, lane_terms are read if there are any.
template <size_t V, size_t C, bool with_lane_terms>
inline void Store(const int32_t* lane_terms, const int32_t* column_terms, int32_t factor, const __m512i* sums,
                  int32_t* out, size_t ldo) {
  __m512i of_lanes[V];
  APB_UNROLL
  for (size_t v = 0; with_lane_terms && v < V; ++v) of_lanes[v] = _mm512_loadu_si512(lane_terms + v * kLanes);
  APB_UNROLL
  for (size_t c = 0; c < C; ++c, out += ldo) {
    const __m512i of_column = column_terms ? _mm512_set1_epi32(column_terms[c]) : _mm512_setzero_si512();
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      const __m512i terms = with_lane_terms ? _mm512_add_epi32(of_column, of_lanes[v]) : of_column;
      _mm512_storeu_si512(out + v * kLanes, Scaled(terms, sums[c * V + v], factor));
    }
  }
}

// V vectors of rows from `lane` x C columns from `column`.
template <size_t V, size_t C, bool exclusive>
inline void Tile(const BitGemmArgs& args, size_t lane, size_t column) {
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
  Sums<V, C, exclusive>(args, static_cast<const uint32_t*>(args.lanes.words) + lane,
                        static_cast<const uint32_t*>(args.columns.words) + column, sums);
  const int32_t* column_terms = args.column_terms ? args.column_terms + column : nullptr;
  // Constants leave two operations an output of signs times signs.
  if (args.lane_terms)
    Store<V, C, true>(args.lane_terms + lane, column_terms, args.factor, sums, out, ldo);
  else if (args.factor == -2)
    Store<V, C, false>(nullptr, column_terms, -2, sums, out, ldo);
  else
    Store<V, C, false>(nullptr, column_terms, args.factor, sums, out, ldo);
}

template <bool exclusive>
inline void FewColumns(const BitGemmArgs& args, size_t lane, size_t column, size_t columns) {
  switch (columns) {
    case 8: return Tile<1, 8, exclusive>(args, lane, column);
    case 7: return Tile<1, 7, exclusive>(args, lane, column);
    case 6: return Tile<1, 6, exclusive>(args, lane, column);
    case 5: return Tile<1, 5, exclusive>(args, lane, column);
    case 4: return Tile<1, 4, exclusive>(args, lane, column);
    case 3: return Tile<1, 3, exclusive>(args, lane, column);
    case 2: return Tile<1, 2, exclusive>(args, lane, column);
    case 1: return Tile<1, 1, exclusive>(args, lane, column);
  }
}

// One vector of rows: a tile has as many sums as there are columns.
template <bool exclusive>
inline void OneVector(const BitGemmArgs& args, size_t lane) {
  size_t column = 0, rest = args.columns.items;
  for (; rest >= kPanel; rest -= kPanel, column += kPanel) Tile<1, kPanel, exclusive>(args, lane, column);
  const size_t half = (rest + 1) / 2;
  if (rest > 8) FewColumns<exclusive>(args, lane, column, half), column += half, rest -= half;
  FewColumns<exclusive>(args, lane, column, rest);
}

template <bool exclusive>
inline void FourVectors(const BitGemmArgs& args, size_t lane) {
  size_t column = 0;
  for (; column + kColumns <= args.columns.items; column += kColumns)
    Tile<kVectors, kColumns, exclusive>(args, lane, column);
  switch (args.columns.items - column) {
    case 3: return Tile<kVectors, 3, exclusive>(args, lane, column);
    case 2: return Tile<kVectors, 2, exclusive>(args, lane, column);
    case 1: return Tile<kVectors, 1, exclusive>(args, lane, column);
  }
}

template <bool exclusive>
inline void Run(const BitGemmArgs& args) {
  size_t lane = 0;
  for (; lane + (kVectors - 1) * kLanes < args.lanes.items; lane += kVectors * kLanes)
    FourVectors<exclusive>(args, lane);
  for (; lane < args.lanes.items; lane += kLanes) OneVector<exclusive>(args, lane);
}

}  // namespace

void BitGemmX86Avx512Vpopcntdq(const BitGemmArgs& args) {
  if (args.exclusive)
    Run<true>(args);
  else
    Run<false>(args);
}

}  // namespace apb
