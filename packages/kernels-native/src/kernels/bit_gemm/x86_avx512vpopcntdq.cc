// AVX-512 VPOPCNTDQ: a vector holds 32 bits of sixteen rows, a word of the other side is broadcast (after Nardini
// et al., arXiv 2306.08960, section 4, who use 64-bit lanes: 32-bit ones give twice the results per vector and
// need no narrowing at the end). Folded words (fold_panel/op.h) take 8 operations a triple, 9 one by one.
#include <immintrin.h>

#include "kernels/bit_gemm/op.h"
#include "kernels/fold_panel/op.h"
#include "kernels/unroll.h"
#include "kernels/x86_registers.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;
constexpr size_t kWordBits = 32;
// A register tile is one vector of rows against so many columns, with two sums each: a triple is 27 loads for 64
// operations, most of them broadcasts within one.
constexpr size_t kTileColumns = 8;

// Differences that count once and twice, of a vector of rows against C columns.
template <size_t C>
struct Sums {
  __m512i ones[C], twos[C];
};

// What sums hold already.
enum class Before { kNothing, kTwos, kBoth };

// sum = count of bits, or that much more.
template <bool more>
APB_INLINE void Count(__m512i bits, __m512i& sum) {
  if (more)
    APB_ACCUMULATE("vpaddd", _mm512_add_epi32, sum, _mm512_popcnt_epi32(bits));
  else
    APB_ASSIGN("vpopcntd", _mm512_popcnt_epi32, sum, bits);
}

// sum += factor * x, where x is at least 0 and below 2^15.
APB_INLINE void AddTimes(__m512i& sum, __m512i x, int factor) {
  APB_ACCUMULATE_PRODUCT("vpdpwssd", _mm512_dpwssd_epi32, sum, x, _mm512_set1_epi32(factor));
}

APB_INLINE __m512i Broadcast(uint32_t word) { return _mm512_set1_epi32(static_cast<int>(word)); }

// What lies so many bytes ahead, which may be beyond all columns.
APB_INLINE void Fetch(const uint32_t* from, ptrdiff_t ahead) {
  _mm_prefetch(reinterpret_cast<const char*>(reinterpret_cast<uintptr_t>(from) + static_cast<uintptr_t>(ahead)),
               _MM_HINT_T0);
}

template <size_t C>
APB_INLINE void Clear(__m512i* sums) {
  APB_UNROLL
  for (size_t c = 0; c < C; ++c) sums[c] = _mm512_setzero_si512();
}

// Of every plane of either side: first triples of folded words, then single ones.
struct Words {
  size_t triples, singles;
  ptrdiff_t ahead;  // bytes from a triple of the columns to the line that is fetched with it
  bool small;       // no sum passes what AddTimes takes
};

// The words of one plane of either side lie A and B apart, which the compiler knows: a short tile would wait for
// addresses. Those of a triple are x ^ z, y ^ z and x ^ y ^ z.
template <size_t A, size_t B, size_t C, Before before>
APB_INLINE void CountTriple(const uint32_t* a, const uint32_t* b, ptrdiff_t ahead, Sums<C>& sums) {
  constexpr int kOrOfXor = 0xf6;  // of vpternlog: first | (second ^ third)
  Fetch(b, ahead);
  const __m512i xz = _mm512_load_si512(a), yz = _mm512_load_si512(a + A), xyz = _mm512_load_si512(a + 2 * A);
  APB_UNROLL
  for (size_t c = 0; c < C; ++c) {
    const __m512i parity = _mm512_xor_si512(xyz, Broadcast(b[2 * B + c]));
    const __m512i unequal =
        _mm512_ternarylogic_epi32(_mm512_xor_si512(xz, Broadcast(b[c])), yz, Broadcast(b[B + c]), kOrOfXor);
    Count<before == Before::kBoth>(parity, sums.ones[c]);
    Count<before != Before::kNothing>(_mm512_xor_si512(unequal, parity), sums.twos[c]);
  }
}

// Adds words one by one.
template <size_t A, size_t B, size_t C>
APB_INLINE void CountSingles(const uint32_t* a, const uint32_t* b, size_t words, __m512i* sums) {
  for (; words > 0; --words, a += A, b += B) {
    const __m512i x = _mm512_load_si512(a);
    APB_UNROLL
    for (size_t c = 0; c < C; ++c) Count<true>(_mm512_xor_si512(x, Broadcast(b[c])), sums[c]);
  }
}

// There is at least one triple: a loop that may be left out makes two registers of a sum and moves between them.
template <size_t A, size_t B, size_t C, Before before>
APB_INLINE void CountPlane(const uint32_t* a, const uint32_t* b, const Words& words, Sums<C>& sums) {
  APB_OPAQUE(b);  // GCC would keep the first words of the columns for the next plane, in memory
  CountTriple<A, B, C, before>(a, b, words.ahead, sums);
  a += kTriple * A, b += kTriple * B;
  for (size_t triples = words.triples; --triples > 0; a += kTriple * A, b += kTriple * B)
    CountTriple<A, B, C, Before::kBoth>(a, b, words.ahead, sums);
  CountSingles<A, B, C>(a, b, words.singles, sums.ones);
}

// ones = twos = ones + 2 * twos
template <size_t C>
APB_INLINE void Combine(bool small, Sums<C>& sums) {
  APB_UNROLL
  for (size_t c = 0; c < C; ++c) {
    if (small)
      AddTimes(sums.ones[c], sums.twos[c], 2);
    else
      sums.ones[c] = _mm512_add_epi32(sums.ones[c], _mm512_slli_epi32(sums.twos[c], 1));
    sums.twos[c] = sums.ones[c];
  }
}

// P planes of the lanes and U of the columns. The numbers are known here, since loops over planes around a short tile
// cost about as much as one of its words. Goes from the largest weight 2^(p + u) down, plane u of the columns after
// plane; what was counted is doubled before the next lower weight. In the end there are ones + 2 * twos.
template <size_t A, size_t B, size_t C, size_t P, size_t U, size_t level = P + U - 2, size_t u = 0>
APB_INLINE void CountPlanes(const uint32_t* a, const uint32_t* b, const Words& words, Sums<C>& sums) {
  constexpr bool kHere = u <= level && level - u < P;
  constexpr bool kFirstOfLevel = u == 0 || level - (u - 1) >= P;
  constexpr Before kBefore = !kFirstOfLevel ? Before::kBoth : level == P + U - 2 ? Before::kNothing : Before::kTwos;
  const size_t plane = kTriple * words.triples + words.singles;
  if constexpr (kHere) CountPlane<A, B, C, kBefore>(a + (level - u) * plane * A, b + u * plane * B, words, sums);
  if constexpr (u + 1 < U) {
    CountPlanes<A, B, C, P, U, level, u + 1>(a, b, words, sums);
  } else if constexpr (level > 0) {
    Combine(words.small, sums);
    CountPlanes<A, B, C, P, U, level - 1>(a, b, words, sums);
  }
}

// Where the results of a vector of rows go, and what is added to them.
struct Results {
  int32_t* out;
  size_t ldo;
  const int32_t *lane_terms, *column_terms;  // of the vector and of the columns, or null
  int32_t factor;
};

// Nearly always there are terms of columns alone, sums are small and the factor is -2, or 1.
template <size_t C, int factor>
APB_INLINE void StoreWithColumns(const Results& to, Sums<C>& sums) {
  int32_t* out = to.out;
  APB_UNROLL
  for (size_t c = 0; c < C; ++c, out += to.ldo) {
    APB_OPAQUE(out);
    __m512i y = _mm512_set1_epi32(to.column_terms[c]);
    if (factor == 1)
      y = _mm512_add_epi32(y, sums.ones[c]);
    else
      AddTimes(y, sums.ones[c], factor);
    AddTimes(y, sums.twos[c], 2 * factor);
    _mm512_storeu_si512(out, y);
  }
}

// Any terms and factor; apart from the loop, which it would take registers from.
APB_NOINLINE void StoreAny(const Results& to, const __m512i* sums, size_t columns) {
  const __m512i of_lanes = to.lane_terms ? _mm512_loadu_si512(to.lane_terms) : _mm512_setzero_si512();
  const __m512i factor = _mm512_set1_epi32(to.factor);
  for (size_t c = 0; c < columns; ++c) {
    const __m512i start = _mm512_add_epi32(of_lanes, _mm512_set1_epi32(to.column_terms ? to.column_terms[c] : 0));
    _mm512_storeu_si512(to.out + c * to.ldo, _mm512_add_epi32(start, _mm512_mullo_epi32(factor, sums[c])));
  }
}

template <size_t C>
APB_INLINE void Store(const Results& to, bool small, Sums<C>& sums) {
  if (!to.lane_terms && to.column_terms && small) {
    if (to.factor == -2) return StoreWithColumns<C, -2>(to, sums);
    if (to.factor == 1) return StoreWithColumns<C, 1>(to, sums);
  }
  Combine(small, sums);
  __m512i copies[C];  // sums whose address is taken would live in memory
  for (size_t c = 0; c < C; ++c) copies[c] = sums.twos[c];
  StoreAny(to, copies, C);
}

// All planes together.
size_t LargestCount(const BitGemmArgs& args) {
  const size_t of_bit = ((size_t{1} << args.lanes.planes) - 1) * ((size_t{1} << args.columns.planes) - 1);
  return args.words * kWordBits * of_bit;
}

// Calls count(a, b, sums) and stores what it leaves, for one vector of rows after the other.
template <size_t C, typename CountRows>
APB_INLINE void ForRows(const BitGemmArgs& args, size_t column, bool small, CountRows count) {
  const auto* a = static_cast<const uint32_t*>(args.lanes.words);
  const auto* b = static_cast<const uint32_t*>(args.columns.words) + column;
  Results to = {args.out + column * args.ldo, args.ldo, args.lane_terms,
                args.column_terms ? args.column_terms + column : nullptr, args.factor};
  for (size_t rows = args.lanes.items;; rows -= kLanes) {
    Sums<C> sums;
    count(a, b, sums);
    Store<C>(to, small, sums);
    if (rows <= kLanes) return;
    a += kLanes;
    to.out += kLanes;
    if (to.lane_terms) to.lane_terms += kLanes;
  }
}

// All rows x C columns from `column`, of folded words.
template <size_t A, size_t B, size_t C, size_t P, size_t U>
APB_NOINLINE void Columns(const BitGemmArgs& args, size_t column) {
  // Of one plane of either side `ones` may be all that is counted; otherwise they and `twos` are half of it at most.
  const bool small = LargestCount(args) < (P * U == 1 ? size_t{1} << 15 : size_t{1} << 16);
  Words words = {args.triples, args.words - kTriple * args.triples, args.ahead, small};
  ForRows<C>(args, column, small, [&](const uint32_t* a, const uint32_t* b, Sums<C>& sums) {
    CountPlanes<A, B, C, P, U>(a, b, words, sums);
    words.ahead += B * sizeof(uint32_t);  // one of three lines is fetched with a triple, another for the next vector
  });
}

// Adds the counts of planes p and u, other than 0 and 0.
template <size_t A, size_t B, size_t C>
APB_INLINE void AddPlainPlane(const BitGemmArgs& args, const uint32_t* a, const uint32_t* b, size_t p, size_t u,
                              __m512i* sums) {
  __m512i counts[C];
  Clear<C>(counts);
  CountSingles<A, B, C>(a + p * args.words * A, b + u * args.words * B, args.words, counts);
  const __m128i weight = _mm_cvtsi32_si128(static_cast<int>(p + u));
  APB_UNROLL
  for (size_t c = 0; c < C; ++c) sums[c] = _mm512_add_epi32(sums[c], _mm512_sll_epi32(counts[c], weight));
}

// The same of words that are not folded, which are few: `ones` are the counts of all planes.
template <size_t A, size_t B, size_t C>
APB_NOINLINE void PlainColumns(const BitGemmArgs& args, size_t column) {
  const bool small = LargestCount(args) < size_t{1} << 15;
  ForRows<C>(args, column, small, [&](const uint32_t* a, const uint32_t* b, Sums<C>& sums) {
    Clear<C>(sums.ones);
    Clear<C>(sums.twos);
    CountSingles<A, B, C>(a, b, args.words, sums.ones);
    for (size_t p = 0; p < args.lanes.planes; ++p)
      for (size_t u = 0; u < args.columns.planes; ++u)
        if (p + u > 0) AddPlainPlane<A, B, C>(args, a, b, p, u, sums.ones);
  });
}

template <size_t A, size_t B, size_t P, size_t U, size_t C = kTileColumns>
inline void Run(const BitGemmArgs& args, size_t column = 0) {
  const auto columns = args.triples > 0 ? Columns<A, B, C, P, U> : PlainColumns<A, B, C>;
  for (; column + C <= args.columns.items; column += C) columns(args, column);
  if constexpr (C > 1) Run<A, B, P, U, C / 2>(args, column);
}

// Activations of X planes and weights of W, on either side.
template <size_t X, size_t W>
inline void Product(const BitGemmArgs& args) {
  if (args.lanes.stride == kTileRows)
    Run<kTileRows, kPanel, X, W>(args);
  else
    Run<kPanel, kTileRows, W, X>(args);
}

template <size_t X>
inline void ProductOf(const BitGemmArgs& args, size_t weight_planes) {
  if (weight_planes == 1)
    Product<X, 1>(args);
  else
    Product<X, 2>(args);
}

}  // namespace

void BitGemmX86Avx512Vpopcntdq(const BitGemmArgs& args) {
  const bool swapped = args.lanes.stride != kTileRows;
  const size_t weights = (swapped ? args.lanes : args.columns).planes;
  switch ((swapped ? args.columns : args.lanes).planes) {
    case 1: return ProductOf<1>(args, weights);
    case 2: return ProductOf<2>(args, weights);
    case 4: return ProductOf<4>(args, weights);
  }
}

}  // namespace apb
