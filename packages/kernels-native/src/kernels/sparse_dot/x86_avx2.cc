// AVX2: the bit of a column, in the packed words of eight rows at once, is moved to the sign of r (signs) or made a
// number by which the product is looked up (codes).
#include <immintrin.h>

#include "kernels/sparse_dot/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 8;

// The words that hold a column in a plane, from row `lane`.
inline const uint32_t* WordsOf(const SparseDotArgs& args, uint32_t column, size_t plane, size_t lane) {
  return static_cast<const uint32_t*>(args.words) + (plane * args.count + column / 32) * kTileRows + lane;
}

// How far left a column's bit has to go to be bit 31.
inline __m128i ShiftOf(uint32_t column) { return _mm_cvtsi32_si128(static_cast<int>(~column & 31)); }

// Eight words, the bit that counts in bit 31.
inline __m256i Shifted(const uint32_t* words, __m128i shift) {
  return _mm256_sll_epi32(_mm256_load_si256(reinterpret_cast<const __m256i*>(words)), shift);
}

// The t-th term times V vectors of signs from `lane`, added to sums; of a tap that lies outside, 0.
template <bool bordered>
struct SignTerm {
  template <size_t V>
  static inline void Add(const SparseDotArgs& args, size_t t, size_t lane, __m256* sums) {
    const __m256 r = _mm256_set1_ps(args.values[t]), sign = _mm256_set1_ps(-0.0f);
    const __m128i shift = ShiftOf(args.columns[t]);
    const uint32_t* inside = bordered ? args.inside + args.taps[t] * kTileRows + lane : nullptr;
    const uint32_t* words = WordsOf(args, args.columns[t], 0, lane);
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      const __m256 negative = _mm256_and_ps(_mm256_castsi256_ps(Shifted(words + v * kLanes, shift)), sign);
      __m256 term = _mm256_xor_ps(r, negative);
      if (bordered) term = _mm256_and_ps(term, _mm256_load_ps(reinterpret_cast<const float*>(inside + v * kLanes)));
      sums[v] = _mm256_add_ps(sums[v], term);
    }
  }
};

// Codes of eight rows in P planes.
template <size_t P>
inline __m256i CodesOf(const uint32_t* words, size_t plane, __m128i shift) {
  __m256i q = _mm256_srli_epi32(Shifted(words, shift), 31);
  APB_UNROLL
  for (size_t p = 1; p < P; ++p) {
    const __m256i bit = _mm256_srli_epi32(Shifted(words + p * plane, shift), 31);
    q = _mm256_or_si256(q, _mm256_slli_epi32(bit, static_cast<int>(p)));
  }
  return q;
}

// fl(r * q), rounded by itself: no fused multiply-add. For two bits looked up by those of q, whatever stands above
// them.
template <size_t P>
struct Products {
  explicit Products(float value)
      : r(_mm256_set1_ps(value)), all(_mm256_mul_ps(r, _mm256_setr_ps(0, 1, 2, 3, 0, 1, 2, 3))) {}

  __m256 Of(__m256i q) const { return P <= 2 ? _mm256_permutevar_ps(all, q) : _mm256_mul_ps(r, _mm256_cvtepi32_ps(q)); }

  const __m256 r, all;
};

// A term of codes.
template <size_t P>
struct CodeTerm {
  template <size_t V>
  static inline void Add(const SparseDotArgs& args, size_t t, size_t lane, __m256* sums) {
    const Products<P> products(args.values[t]);
    const __m128i shift = ShiftOf(args.columns[t]);
    const uint32_t* words = WordsOf(args, args.columns[t], 0, lane);
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      const __m256i q = CodesOf<P>(words + v * kLanes, args.count * kTileRows, shift);
      sums[v] = _mm256_add_ps(sums[v], products.Of(q));
    }
  }
};

// The same from codes in one word.
template <size_t P>
struct WovenTerm {
  template <size_t V>
  static inline void Add(const SparseDotArgs& args, size_t t, size_t lane, __m256* sums) {
    const Products<P> products(args.values[t]);
    const size_t column = args.columns[t];
    const __m128i places = _mm_cvtsi32_si128(static_cast<int>(column % 32 / P * P));
    const uint32_t* words = args.codes + (column / 32 * P + column % P) * kTileRows + lane;
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      const __m256i word = _mm256_load_si256(reinterpret_cast<const __m256i*>(words + v * kLanes));
      const __m256i q = _mm256_srl_epi32(word, places);
      sums[v] = _mm256_add_ps(sums[v], products.Of(P == 2 ? q : _mm256_and_si256(q, _mm256_set1_epi32(15))));
    }
  }
};

inline void Store(const SparseDotArgs& args, size_t lane, __m256 sums) {
  if (args.acc) {
    const __m256i acc = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(args.acc + lane));
    const __m256 product = _mm256_mul_ps(_mm256_set1_ps(args.scale), _mm256_cvtepi32_ps(acc));
    sums = _mm256_add_ps(product, _mm256_mul_ps(_mm256_set1_ps(args.step), sums));
  }
  _mm256_storeu_ps(args.sums + lane, sums);
}

template <size_t V, typename Term>
inline void Vectors(const SparseDotArgs& args, size_t lane) {
  __m256 sums[V];
  APB_UNROLL
  for (size_t v = 0; v < V; ++v)
    sums[v] = args.more ? _mm256_loadu_ps(args.sums + lane + v * kLanes) : _mm256_setzero_ps();
  for (size_t t = 0; t < args.terms; ++t) Term::template Add<V>(args, t, lane, sums);
  APB_UNROLL
  for (size_t v = 0; v < V; ++v) Store(args, lane + v * kLanes, sums[v]);
}

template <typename Term>
inline void Rows(const SparseDotArgs& args) {
  size_t lane = 0;
  for (; lane + 6 * kLanes < args.items; lane += 8 * kLanes) Vectors<8, Term>(args, lane);
  for (; lane + 2 * kLanes < args.items; lane += 4 * kLanes) Vectors<4, Term>(args, lane);
  for (; lane < args.items; lane += 2 * kLanes) Vectors<2, Term>(args, lane);
}

}  // namespace

void SparseDotX86Avx2(const SparseDotArgs& args) {
  if (args.sign) return args.taps ? Rows<SignTerm<true>>(args) : Rows<SignTerm<false>>(args);
  switch (args.planes) {
    case 1: return Rows<CodeTerm<1>>(args);
    case 2: return args.codes ? Rows<WovenTerm<2>>(args) : Rows<CodeTerm<2>>(args);
    default: return args.codes ? Rows<WovenTerm<4>>(args) : Rows<CodeTerm<4>>(args);
  }
}

}  // namespace apb
