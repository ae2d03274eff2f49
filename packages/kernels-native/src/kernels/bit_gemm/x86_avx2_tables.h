// AVX2 for 17 rows and more: the logic is in the lookup table itself. Bytes of one place of 32 rows make a vector, so
// all of them meet the same nibble of a column, and the table of that nibble holds popcount(i ^ nibble): no XOR is
// left. Tables are made for two nibbles of two columns at once, the second's count in the upper four bits.
// Three lookups (at most 12 a column) are added up before the halves are taken apart: 25 operations a word of two
// columns, 12.5 instead of 24 a word, and a load of the table, which has ports of its own.
//
// Zen 4, 3.7 GHz, one run, shares of a register-only loop of the six operations of x86_avx2.cc (631 Gbit/s; tables do
// less than that, so 1 is no bound for them), 64x576x2916 / 256x2304x144 / 512x4608x25:
//   tables 0.82 / 0.88 / 0.67, split nibbles 0.56 / 0.67 / 0.51, split after the logic 0.53 / 0.62 / 0.48,
//   Harley-Seal over 8 words 0.48 / 0.66 / 0.44.
#include <immintrin.h>

#include "kernels/bit_gemm/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kGroup = 32;  // rows of a vector of bytes
constexpr size_t kNibbles = 8;
constexpr size_t kQuad = 4;  // columns at a time: two pairs
// A word adds at most 32 to a byte, and 7 * 32 = 224 still fits.
constexpr size_t kTableBlock = 7;
// Blocks until the sums of 16 bits are full: 256 * 224 = 57344.
constexpr size_t kFlush = 256 * kTableBlock;

// count[n + 16 * m][i] = popcount(i ^ n) + 16 * popcount(i ^ m)
struct Tables {
  alignas(64) uint8_t count[256][16];
};

constexpr Tables MakeTables() {
  Tables t = {};
  const int bits[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};
  for (int b = 0; b < 256; ++b)
    for (int i = 0; i < 16; ++i) t.count[b][i] = static_cast<uint8_t>(bits[i ^ (b & 15)] + 16 * bits[i ^ (b >> 4)]);
  return t;
}

constexpr Tables kTables = MakeTables();

inline __m256i Load(const uint32_t* words) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(words)); }

// Nibbles of V * kGroup rows: low ones of the four bytes, then high ones.
template <size_t V>
struct Lanes {
  alignas(64) __m256i index[kTableBlock][kNibbles][V];
};

// Rows are in the order 0-3, 8-11, 16-19, 24-27, 4-7, 12-15, .. of a vector, which Flush turns back for nothing.
template <size_t V>
inline void SplitLanes(const uint32_t* a, size_t lda, size_t words, Lanes<V>& out) {
  const __m256i bytes = _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,  //
                                         0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m256i mask = _mm256_set1_epi8(15);
  for (size_t w = 0; w < words; ++w)
    for (size_t v = 0; v < V; ++v) {
      __m256i x[4];
      APB_UNROLL
      for (size_t i = 0; i < 4; ++i) x[i] = _mm256_shuffle_epi8(Load(a + w * lda + v * kGroup + i * 8), bytes);
      const __m256i l0 = _mm256_unpacklo_epi32(x[0], x[1]), h0 = _mm256_unpackhi_epi32(x[0], x[1]);
      const __m256i l1 = _mm256_unpacklo_epi32(x[2], x[3]), h1 = _mm256_unpackhi_epi32(x[2], x[3]);
      const __m256i byte[4] = {_mm256_unpacklo_epi64(l0, l1), _mm256_unpackhi_epi64(l0, l1),
                               _mm256_unpacklo_epi64(h0, h1), _mm256_unpackhi_epi64(h0, h1)};
      APB_UNROLL
      for (size_t i = 0; i < 4; ++i) {
        out.index[w][i][v] = _mm256_and_si256(byte[i], mask);
        out.index[w][4 + i][v] = _mm256_and_si256(_mm256_srli_epi16(byte[i], 4), mask);
      }
    }
}

// offsets[w][8 * pair + nibble]: of the table of columns `pair` and `pair` + 2;
// low nibbles of the four bytes, then high ones.
inline void Offsets(const uint32_t* b, size_t ldb, size_t words, uint16_t (*offsets)[16]) {
  const __m128i mask = _mm_set1_epi8(15);
  for (size_t w = 0; w < words; ++w) {
    const __m128i x = _mm_load_si128(reinterpret_cast<const __m128i*>(b + w * ldb));
    const __m128i low = _mm_and_si128(x, mask), high = _mm_andnot_si128(mask, x);
    const __m128i l = _mm_or_si128(low, _mm_slli_epi16(_mm_srli_si128(low, 8), 4));
    const __m128i h = _mm_or_si128(_mm_srli_epi16(high, 4), _mm_srli_si128(high, 8));
    const __m256i wide = _mm256_cvtepu8_epi16(_mm_unpacklo_epi32(l, h));
    _mm256_store_si256(reinterpret_cast<__m256i*>(offsets[w]), _mm256_slli_epi16(wide, 4));
  }
}
// Adds N <= 3 nibbles of a word; low sums are modulo 256, with 16 * high in them.
template <size_t V, size_t N>
inline void Step(const uint8_t* table, const __m256i (*index)[V], const uint16_t* offsets, __m256i* low,
                 __m256i* high) {
  const __m256i mask = _mm256_set1_epi8(15);
  __m256i y[2 * V];
  APB_UNROLL
  for (size_t n = 0; n < N; ++n) {
    APB_UNROLL
    for (size_t p = 0; p < 2; ++p) {
      const uint8_t* counts = table + offsets[n + p * kNibbles];
      const __m256i t = _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(counts)));
      APB_UNROLL
      for (size_t v = 0; v < V; ++v) {
        const __m256i c = _mm256_shuffle_epi8(t, index[n][v]);
        y[p * V + v] = n == 0 ? c : _mm256_add_epi8(y[p * V + v], c);
      }
    }
  }
  APB_UNROLL
  for (size_t i = 0; i < 2 * V; ++i) {
    low[i] = _mm256_add_epi8(low[i], y[i]);
    high[i] = _mm256_add_epi8(high[i], _mm256_and_si256(_mm256_srli_epi16(y[i], 4), mask));
  }
}
// sums: [kQuad columns][V][even, odd rows] of 16 bits
template <size_t V>
inline void TableBlock(const uint8_t* table, const Lanes<V>& lanes, const uint16_t (*offsets)[16], size_t words,
                       __m256i* sums) {
  __m256i low[2 * V], high[2 * V];
  APB_UNROLL
  for (size_t i = 0; i < 2 * V; ++i) low[i] = high[i] = _mm256_setzero_si256();
  for (size_t w = 0; w < words; ++w) {
    Step<V, 3>(table, lanes.index[w], offsets[w], low, high);
    Step<V, 3>(table, lanes.index[w] + 3, offsets[w] + 3, low, high);
    Step<V, 2>(table, lanes.index[w] + 6, offsets[w] + 6, low, high);
  }
  const __m256i even = _mm256_set1_epi16(255), mask = _mm256_set1_epi8(15);
  APB_UNROLL
  for (size_t i = 0; i < 2 * V; ++i) {
    const __m256i first = _mm256_sub_epi8(low[i], _mm256_slli_epi16(_mm256_and_si256(high[i], mask), 4));
    __m256i* s = sums + 2 * i;
    s[0] = _mm256_add_epi16(s[0], _mm256_and_si256(first, even));
    s[1] = _mm256_add_epi16(s[1], _mm256_srli_epi16(first, 8));
    s += 4 * V;
    s[0] = _mm256_add_epi16(s[0], _mm256_and_si256(high[i], even));
    s[1] = _mm256_add_epi16(s[1], _mm256_srli_epi16(high[i], 8));
  }
}

inline void Put(int32_t* out, __m256i x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), x); }

inline __m256i Get(const int32_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }

// out = terms + factor * sums, then out += factor * sums.
template <size_t V>
inline void Flush(const BitGemmArgs& args, size_t lane, size_t column, size_t columns, int32_t factor, bool first,
                  const __m256i* sums) {
  const __m256i f = _mm256_set1_epi32(factor), zero = _mm256_setzero_si256();
  for (size_t j = 0; j < columns; ++j) {
    const __m256i term = _mm256_set1_epi32(args.column_terms ? args.column_terms[column + j] : 0);
    for (size_t v = 0; v < V; ++v) {
      const __m256i e = sums[(j * V + v) * 2], o = sums[(j * V + v) * 2 + 1];
      const __m256i l = _mm256_unpacklo_epi16(e, o), h = _mm256_unpackhi_epi16(e, o);
      const __m256i s[4] = {_mm256_unpacklo_epi16(l, zero), _mm256_unpackhi_epi16(l, zero),
                            _mm256_unpacklo_epi16(h, zero), _mm256_unpackhi_epi16(h, zero)};
      int32_t* out = args.out + (column + j) * args.ldo + lane + v * kGroup;
      APB_UNROLL
      for (size_t i = 0; i < 4; ++i) {
        __m256i base = first ? term : Get(out + i * 8);
        if (first && args.lane_terms) base = _mm256_add_epi32(base, Get(args.lane_terms + lane + v * kGroup + i * 8));
        Put(out + i * 8, _mm256_add_epi32(base, _mm256_mullo_epi32(f, s[i])));
      }
    }
  }
}
// V * kGroup rows, of which more than V * kGroup - kPanel matter, against up to kPanel columns.
template <size_t V>
inline void TablePanel(const BitGemmArgs& args, const uint8_t* table, size_t lane, size_t column, size_t columns) {
  const uint32_t* a = static_cast<const uint32_t*>(args.lanes.words) + lane;
  const uint32_t* b = static_cast<const uint32_t*>(args.columns.words) + column;
  const size_t lda = args.lanes.stride, ldb = args.columns.stride, words = args.words;
  Lanes<V> lanes;
  alignas(32) uint16_t offsets[kTableBlock][16];
  __m256i sums[kPanel * V * 2];
  bool first = true;
  for (size_t p = 0; p < args.lanes.planes; ++p)
    for (size_t u = 0; u < args.columns.planes; ++u)
      for (size_t chunk = 0; chunk < words; chunk += kFlush) {
        const size_t end = words - chunk < kFlush ? words : chunk + kFlush;
        for (size_t i = 0; i < (columns + kQuad - 1) / kQuad * kQuad * V * 2; ++i) sums[i] = _mm256_setzero_si256();
        for (size_t w = chunk; w < end; w += kTableBlock) {
          const size_t count = end - w < kTableBlock ? end - w : kTableBlock;
          SplitLanes<V>(a + (p * words + w) * lda, lda, count, lanes);
          for (size_t j = 0; j < columns; j += kQuad) {
            Offsets(b + (u * words + w) * ldb + j, ldb, count, offsets);
            TableBlock<V>(table, lanes, offsets, count, sums + j * V * 2);
          }
        }
        Flush<V>(args, lane, column, columns, args.factor * (1 << (p + u)), first, sums);
        first = false;
      }
}

template <size_t V>
inline void TableColumns(const BitGemmArgs& args, size_t lane) {
  const uint8_t* table = kTables.count[0];
  for (size_t column = 0; column < args.columns.items; column += kPanel) {
    const size_t rest = args.columns.items - column;
    TablePanel<V>(args, table, lane, column, rest < kPanel ? rest : kPanel);
  }
}

// Does all rows but a rest of at most kPanel, and returns how many.
inline size_t TableRows(const BitGemmArgs& args) {
  const size_t items = args.lanes.items;
  size_t lane = 0;
  for (; lane + kGroup + kPanel < items; lane += 2 * kGroup) TableColumns<2>(args, lane);
  for (; lane + kPanel < items; lane += kGroup) TableColumns<1>(args, lane);
  return lane;
}

}  // namespace
}  // namespace apb
