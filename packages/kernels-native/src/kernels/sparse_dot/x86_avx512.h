// AVX-512: the bit of a column, in the packed words of sixteen rows at once, is moved to the sign of r (signs) or made
// a number (codes); no copy of the activations is made. For files of this instruction set only.
#include <immintrin.h>

#include "kernels/sparse_dot/op.h"
#include "kernels/unroll.h"
#include "kernels/x86_registers.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;

// The words that hold a column of plane 0, of all rows; the column is bit column % 32 of them.
inline const uint32_t* WordsOf(const SparseDotArgs& args, uint32_t column) {
  return static_cast<const uint32_t*>(args.words) + column / 32 * kTileRows;
}

// How far left the bit of a column has to go to be a sign: 31 - column % 32.
inline __m512i ShiftOf(const uint32_t& column) {
  __m512i columns;
  APB_BROADCAST_WORD(columns, column);
  return _mm512_andnot_si512(columns, _mm512_set1_epi32(31));
}

// -r where the bit, moved to the place of a sign, is set, else r: (bits & sign) ^ r.
inline __m512i Signed(__m512i bits, __m512 r) {
  const __m512i sign = _mm512_set1_epi32(static_cast<int>(0x80000000u));
  return _mm512_ternarylogic_epi32(bits, sign, _mm512_castps_si512(r), 0x6a);
}

// The t-th term of a row times V vectors of signs from `lane`, added to sums.
template <bool bordered>
struct SignTerm {
  template <size_t V>
  static inline void Add(const SparseDotArgs& args, size_t t, size_t lane, __m512* sums) {
    const __m512 r = _mm512_set1_ps(args.values[t]);
    const __m512i shift = ShiftOf(args.columns[t]);
    const uint32_t* inside = bordered ? args.inside + args.taps[t] * kTileRows + lane : nullptr;
    const uint32_t* words = WordsOf(args, args.columns[t]) + lane;
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      __m512i term = Signed(_mm512_sllv_epi32(_mm512_load_si512(words + v * kLanes), shift), r);
      if (bordered) term = _mm512_and_si512(term, _mm512_load_si512(inside + v * kLanes));
      sums[v] = _mm512_add_ps(sums[v], _mm512_castsi512_ps(term));
    }
  }
};

// Codes of sixteen rows: bit p of a lane is the column's bit in plane p, for p < P; other bits are anything.
template <size_t P>
inline __m512i CodesOf(const uint32_t* words, size_t plane, __m512i shift) {
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
  static inline void Add(const SparseDotArgs& args, size_t t, size_t lane, __m512* sums) {
    const __m512 codes = P == 1   ? _mm512_setr_ps(0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1)
                         : P == 2 ? _mm512_setr_ps(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3)
                                  : _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512 products = _mm512_mul_ps(_mm512_set1_ps(args.values[t]), codes);
    __m512i columns;
    APB_BROADCAST_WORD(columns, args.columns[t]);
    const uint32_t* words = WordsOf(args, args.columns[t]) + lane;
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      // Counts of shifts and indices of lookups are taken modulo their range.
      const __m512i q = CodesOf<P>(words + v * kLanes, args.count * kTileRows, columns);
      const __m512 term = P == 4 ? _mm512_permutexvar_ps(q, products) : _mm512_permutevar_ps(products, q);
      sums[v] = _mm512_add_ps(sums[v], term);
    }
  }
};

// The same from codes in one word.
template <size_t P>
struct WovenTerm {
  template <size_t V>
  static inline void Add(const SparseDotArgs& args, size_t t, size_t lane, __m512* sums) {
    const __m512 codes = P == 2 ? _mm512_setr_ps(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3)
                                : _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512 products = _mm512_mul_ps(_mm512_set1_ps(args.values[t]), codes);
    __m512i columns;
    APB_BROADCAST_WORD(columns, args.columns[t]);
    const __m512i places = _mm512_and_si512(columns, _mm512_set1_epi32(-static_cast<int>(P)));
    const size_t column = args.columns[t];
    const uint32_t* words = args.codes + (column / 32 * P + column % P) * kTileRows + lane;
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      // Counts of rotations and indices of lookups are taken modulo their range.
      const __m512i q = _mm512_rorv_epi32(_mm512_load_si512(words + v * kLanes), places);
      const __m512 term = P == 4 ? _mm512_permutexvar_ps(q, products) : _mm512_permutevar_ps(products, q);
      sums[v] = _mm512_add_ps(sums[v], term);
    }
  }
};

template <size_t V>
inline void Store(const SparseDotArgs& args, size_t lane, const __m512* sums) {
  const __m512 scale = _mm512_set1_ps(args.scale), step = _mm512_set1_ps(args.step);
  APB_UNROLL
  for (size_t v = 0; v < V; ++v) {
    const size_t first = lane + v * kLanes;
    __m512 y = sums[v];
    if (args.acc) {
      const __m512 product = _mm512_mul_ps(scale, _mm512_cvtepi32_ps(_mm512_loadu_si512(args.acc + first)));
      y = _mm512_add_ps(product, _mm512_mul_ps(step, y));
    }
    _mm512_storeu_ps(args.sums + first, y);
  }
}

// R sparse rows against V vectors from `lane`, side by side as far as the shortest goes: a sum waits for its last
// addition, sums of another row meanwhile go on, and the end of a loop is guessed wrong once for all of them.
template <size_t R, size_t V, typename Term>
inline void Vectors(const SparseDotArgs* rows, size_t lane) {
  __m512 sums[R][V];
  size_t shared = rows[0].terms;
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    if (rows[r].terms < shared) shared = rows[r].terms;
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) sums[r][v] = _mm512_setzero_ps();
  }
  for (size_t t = 0; t < shared; ++t) {
    APB_UNROLL
    for (size_t r = 0; r < R; ++r) Term::template Add<V>(rows[r], t, lane, sums[r]);
  }
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    for (size_t t = shared; t < rows[r].terms; ++t) Term::template Add<V>(rows[r], t, lane, sums[r]);
    Store<V>(rows[r], lane, sums[r]);
  }
}

template <size_t R, typename Term>
inline void Lanes(const SparseDotArgs* rows) {
  const size_t items = rows[0].items;
  size_t lane = 0;
  for (; lane + 3 * kLanes < items; lane += 4 * kLanes) Vectors<R, 4, Term>(rows, lane);
  for (; lane + kLanes < items; lane += 2 * kLanes) Vectors<R, 2, Term>(rows, lane);
  for (; lane < items; lane += kLanes) Vectors<R, 1, Term>(rows, lane);
}

// R sparse rows that differ in their terms, acc, scale and sums only.
template <size_t R>
inline void SparseRows(const SparseDotArgs* rows) {
  if (rows->sign) return rows->taps ? Lanes<R, SignTerm<true>>(rows) : Lanes<R, SignTerm<false>>(rows);
  switch (rows->planes) {
    case 1: return Lanes<R, CodeTerm<1>>(rows);
    case 2: return rows->codes ? Lanes<R, WovenTerm<2>>(rows) : Lanes<R, CodeTerm<2>>(rows);
    default: return rows->codes ? Lanes<R, WovenTerm<4>>(rows) : Lanes<R, CodeTerm<4>>(rows);
  }
}

}  // namespace
}  // namespace apb
