// AVX-512: the bit of a column, in the packed words of sixteen rows at once, is moved to the sign of r (signs) or made
// a number (codes); no copy of the activations is made. For files of this instruction set only.
#include <immintrin.h>

#include "kernels/sparse_dot/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;

// What tells one sparse row from another that meets the same activations; as in SparseDotArgs.
struct SparseRow {
  const uint16_t* columns;
  const float* values;
  const uint8_t* taps;
  size_t terms;
};

// The words that hold a column of plane 0, of all rows; the column is bit column % 32 of them.
inline const uint32_t* WordsOf(const SparseDotArgs& args, size_t column) {
  return static_cast<const uint32_t*>(args.words) + (column & ~size_t{31}) * (kTileRows / 32);
}

// Of 512-bit shifts on Zen 5, those by one count for all lanes have the two pipes that additions of floats do not have,
// those by a count for each lane have the same two.
inline __m128i Places(size_t count) { return _mm_cvtsi32_si128(static_cast<int>(count)); }

// -r where the bit, moved to the place of a sign, is set, else r: (bits & sign) ^ r.
inline __m512i Signed(__m512i bits, __m512 r) {
  const __m512i sign = _mm512_set1_epi32(static_cast<int>(0x80000000u));
  return _mm512_ternarylogic_epi32(bits, sign, _mm512_castps_si512(r), 0x6a);
}

// The t-th term of a row times V vectors of signs from `lane`, added to sums.
template <bool bordered>
struct SignTerm {
  template <size_t V>
  static inline void Add(const SparseDotArgs& args, const SparseRow& row, size_t t, size_t lane, __m512* sums) {
    const __m512 r = _mm512_set1_ps(row.values[t]);
    const size_t column = row.columns[t];
    const __m128i places = Places(~column % 32);  // to the place of a sign: 31 - column % 32
    const uint32_t* inside = bordered ? args.inside + row.taps[t] * kTileRows + lane : nullptr;
    const uint32_t* words = WordsOf(args, column) + lane;
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      __m512i term = Signed(_mm512_sll_epi32(_mm512_load_si512(words + v * kLanes), places), r);
      if (bordered) term = _mm512_and_si512(term, _mm512_load_si512(inside + v * kLanes));
      sums[v] = _mm512_add_ps(sums[v], _mm512_castsi512_ps(term));
    }
  }
};

// Codes of sixteen rows: bit p of a lane is the column's bit in plane p, for p < P; other bits are anything.
template <size_t P>
APB_INLINE __m512i CodesOf(const uint32_t* words, size_t plane, __m512i shift) {
  const auto bit = [&](size_t p) {
    // Turned to the right by shift - p, modulo 32.
    const __m512i places = p == 0 ? shift : _mm512_sub_epi32(shift, _mm512_set1_epi32(static_cast<int>(p)));
    return _mm512_rorv_epi32(_mm512_load_si512(words + p * plane), places);
  };
  // mask ? a : b
  const auto select = [](int mask, __m512i a, __m512i b) {
    return _mm512_ternarylogic_epi32(_mm512_set1_epi32(mask), a, b, 0xca);
  };
  if (P == 1) return bit(0);
  if (P == 2) return select(1, bit(0), bit(1));
  return select(3, select(1, bit(0), bit(1)), select(4, bit(2), bit(3)));
}

// The same for codes of P planes: fl(r * q) is looked up by q, of all q at once. The product is rounded by itself, no
// fused multiply-add.
template <size_t P>
struct CodeTerm {
  template <size_t V>
  static inline void Add(const SparseDotArgs& args, const SparseRow& row, size_t t, size_t lane, __m512* sums) {
    const __m512 codes = P == 1   ? _mm512_setr_ps(0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1)
                         : P == 2 ? _mm512_setr_ps(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3)
                                  : _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512 products = _mm512_mul_ps(_mm512_set1_ps(row.values[t]), codes);
    const size_t column = row.columns[t];
    const __m512i places = _mm512_set1_epi32(static_cast<int>(column));
    const uint32_t* words = WordsOf(args, column) + lane;
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      // Counts of shifts and indices of lookups are taken modulo their range.
      const __m512i q = CodesOf<P>(words + v * kLanes, args.count * kTileRows, places);
      const __m512 term = P == 4 ? _mm512_permutexvar_ps(q, products) : _mm512_permutevar_ps(products, q);
      sums[v] = _mm512_add_ps(sums[v], term);
    }
  }
};

// The same from codes in one word.
template <size_t P>
struct WovenTerm {
  template <size_t V>
  static APB_INLINE void Add(const SparseDotArgs& args, const SparseRow& row, size_t t, size_t lane, __m512* sums) {
    const __m512 codes = P == 2 ? _mm512_setr_ps(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3)
                                : _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512 products = _mm512_mul_ps(_mm512_set1_ps(row.values[t]), codes);
    const size_t column = row.columns[t];
    const __m128i places = Places(column % 32 / P * P);
    const uint32_t* words = args.codes + (column / 32 * P + column % P) * kTileRows + lane;
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      // Indices of lookups are taken modulo their range.
      const __m512i q = _mm512_srl_epi32(_mm512_load_si512(words + v * kLanes), places);
      const __m512 term = P == 4 ? _mm512_permutexvar_ps(q, products) : _mm512_permutevar_ps(products, q);
      sums[v] = _mm512_add_ps(sums[v], term);
    }
  }
};

// fl(fl(scale * float(acc)) + fl(step * sum)) of one vector.
APB_INLINE __m512 Product(const int32_t* acc, __m512 scale, __m512 step, __m512 sum) {
  const __m512 product = _mm512_mul_ps(scale, _mm512_cvtepi32_ps(_mm512_loadu_si512(acc)));
  return _mm512_add_ps(product, _mm512_mul_ps(step, sum));
}

// Calls Work::Run<V, Term>(work, lane) for all lanes, V vectors at a time, with the kind of terms there are.
template <typename Work, typename Term, typename Args>
inline void ForLanes(const Args& work, size_t items) {
  size_t lane = 0;
  for (; lane + 3 * kLanes < items; lane += 4 * kLanes) Work::template Run<4, Term>(work, lane);
  if (lane >= items) return;
  switch ((items - lane - 1) / kLanes) {
    case 2: return Work::template Run<3, Term>(work, lane);
    case 1: return Work::template Run<2, Term>(work, lane);
    default: return Work::template Run<1, Term>(work, lane);
  }
}

template <typename Work, typename Args>
inline void ForTerms(const SparseDotArgs& s, const Args& work) {
  if (s.sign)
    return s.taps ? ForLanes<Work, SignTerm<true>>(work, s.items) : ForLanes<Work, SignTerm<false>>(work, s.items);
  switch (s.planes) {
    case 1: return ForLanes<Work, CodeTerm<1>>(work, s.items);
    case 2: return s.codes ? ForLanes<Work, WovenTerm<2>>(work, s.items) : ForLanes<Work, CodeTerm<2>>(work, s.items);
    default: return s.codes ? ForLanes<Work, WovenTerm<4>>(work, s.items) : ForLanes<Work, CodeTerm<4>>(work, s.items);
  }
}

}  // namespace
}  // namespace apb
