// AVX-512 VBMI: a table has 64 sums, for all patterns of six weights, and VPERMB looks up those of 64 channels.
#include <immintrin.h>

#include "kernels/lookup/counts.h"
#include "kernels/lookup/loop.h"
#include "kernels/transpose/x86_avx512_turn.h"
#include "kernels/x86_registers.h"

namespace apb {
namespace {

constexpr unsigned kIndexBits = 6;
constexpr size_t kTable = size_t{1} << kIndexBits;
constexpr size_t kPeriodGroups = kLookupPeriod * 64 / kIndexBits;

// Bits of group g of W words.
template <size_t W>
APB_INLINE size_t GroupOf(const uint64_t* words, size_t g) {
  const size_t bit = g * kIndexBits, word = bit / 64, shift = bit % 64;
  uint64_t bits = words[word] >> shift;
  if (shift + kIndexBits > 64 && word + 1 < W) bits |= words[word + 1] << (64 - shift);
  return bits % kTable;
}

// Tables of the groups of W words.
template <size_t W, unsigned planes, bool sign>
APB_INLINE void TablesOf(const uint64_t* pixel, size_t plane, uint8_t* tables) {
  // Copies: tables are bytes, which could be those of the pixel.
  uint64_t words[planes][W];
  for (unsigned p = 0; p < planes; ++p)
    for (size_t w = 0; w < W; ++w) words[p][w] = pixel[p * plane + w];
  APB_UNROLL_LONG
  for (size_t g = 0; g < (W * 64 + kIndexBits - 1) / kIndexBits; ++g) {
    __m512i table = _mm512_load_si512(kCounts<kIndexBits, sign>.of[GroupOf<W>(words[planes - 1], g)]);
    APB_UNROLL
    for (unsigned p = planes - 1; p > 0; --p)
      table = _mm512_add_epi8(_mm512_add_epi8(table, table),
                              _mm512_load_si512(kCounts<kIndexBits, sign>.of[GroupOf<W>(words[p - 1], g)]));
    _mm512_store_si512(tables + g * kTable, table);
  }
}

struct Make {
  template <unsigned planes, bool sign>
  static void Tables(const LookupTablesArgs& args) {
    for (size_t i = 0; i < args.count; ++i) {
      const uint64_t* pixel = args.pixels + i * args.stride;
      uint8_t* tables = args.tables + i * args.table_stride;
      size_t words = args.words;
      for (; words >= kLookupPeriod; words -= kLookupPeriod, pixel += kLookupPeriod, tables += kPeriodGroups * kTable)
        TablesOf<kLookupPeriod, planes, sign>(pixel, args.plane, tables);
      if (words == 2) TablesOf<2, planes, sign>(pixel, args.plane, tables);
      if (words == 1) TablesOf<1, planes, sign>(pixel, args.plane, tables);
    }
  }
};

APB_INLINE __m512i Load(const void* from) {
  __m512i x = _mm512_load_si512(from);
  APB_KEEP(x);
  return x;
}

// Begins a vector of bytes or adds to it. GCC 12 moves sums to and fro where the two instructions are apart, and runs
// out of registers.
template <bool first>
APB_INLINE void LookUp(__m512i index, __m512i table, __m512i& bytes) {
#if defined(__GNUC__) && !defined(__clang__)
  if (!first) {
    __asm__("vpermb %2, %1, %%zmm31\n\tvpaddb %%zmm31, %0, %0" : "+v"(bytes) : "v"(index), "v"(table) : "xmm31");
    return;
  }
#endif
  const __m512i found = _mm512_permutexvar_epi8(index, table);
  bytes = first ? found : _mm512_add_epi8(bytes, found);
}

// One group of B blocks x R rows.
template <size_t B, size_t R, bool first>
APB_INLINE void Group(const uint8_t* const* tables, const uint8_t* indices, size_t block_stride, size_t at,
                      __m512i* bytes) {
  __m512i index[B];
  APB_UNROLL
  for (size_t b = 0; b < B; ++b) index[b] = Load(indices + b * block_stride + at);
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    const __m512i table = Load(tables[r] + at);
    APB_UNROLL
    for (size_t b = 0; b < B; ++b) LookUp<first>(index[b], table, bytes[r * B + b]);
  }
}

// Sums of N vectors of bytes: 16-bit sums of whole pairs of bytes, modulo 2^16, and of their upper bytes.
template <size_t N>
struct Sums {
  __m512i pairs[N], upper[N];

  APB_INLINE void Clear() {
    APB_UNROLL
    for (size_t i = 0; i < N; ++i) pairs[i] = upper[i] = _mm512_setzero_si512();
  }

  APB_INLINE void Add(const __m512i* bytes) {
    APB_UNROLL
    for (size_t i = 0; i < N; ++i) {
      APB_ACCUMULATE("vpaddw", _mm512_add_epi16, pairs[i], bytes[i]);
      APB_ACCUMULATE("vpaddw", _mm512_add_epi16, upper[i], _mm512_srli_epi16(bytes[i], 8));
    }
  }

  APB_INLINE void Store(size_t i, bool add, uint16_t* to) const {
    const __m512i before = add ? _mm512_load_si512(to) : _mm512_setzero_si512();
    const __m512i upper_before = add ? _mm512_load_si512(to + 32) : _mm512_setzero_si512();
    _mm512_store_si512(to, _mm512_add_epi16(before, pairs[i]));
    _mm512_store_si512(to + 32, _mm512_add_epi16(upper_before, upper[i]));
  }
};

// All taps of B blocks x R rows, groups in as few equal parts as bytes hold. A group's tables and indices take as many
// bytes: `at` is where either lies.
template <size_t B, size_t R>
APB_NOINLINE void SumsOf(const LookupSumsArgs& args, size_t block, size_t row) {
  const size_t parts = (args.groups + args.most - 1) / args.most;
  const size_t size = args.groups / parts, longer = args.groups % parts;
  const uint8_t* indices = args.indices + block * args.block_stride;
  Sums<B * R> sums;
  sums.Clear();
  for (size_t line = 0; line < args.lines; ++line) {
    const uint8_t* first_table = args.tables[line] + row * args.row_stride;
    for (size_t tap = 0; tap < args.taps; ++tap, indices += args.tap_indices, first_table += args.tap_stride) {
      const uint8_t* tables[R];
      APB_UNROLL
      for (size_t r = 0; r < R; ++r) tables[r] = first_table + r * args.row_stride;
      size_t at = 0;
      for (size_t part = 0; part < parts; ++part) {
        const size_t end = at + (size + (part < longer)) * kTable;
        __m512i bytes[B * R];
        Group<B, R, true>(tables, indices, args.block_stride, at, bytes);
        for (at += kTable; at < end; at += kTable) Group<B, R, false>(tables, indices, args.block_stride, at, bytes);
        sums.Add(bytes);
      }
    }
  }
  uint16_t* to = args.sums + row * args.sums_stride + block * kLookupChannels;
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    APB_UNROLL
    for (size_t b = 0; b < B; ++b) sums.Store(r * B + b, args.add, to + r * args.sums_stride + b * kLookupChannels);
  }
}

template <size_t B>
struct Tile {
  static constexpr size_t kRows = 8 / B;  // as many sums as registers hold

  template <size_t R>
  static void Sum(const LookupSumsArgs& args, size_t block, size_t row) {
    SumsOf<B, R>(args, block, row);
  }
};

void SumAll(const LookupSumsArgs& args) {
  size_t block = 0;
  for (; block + 2 <= args.blocks; block += 2) TilesOfRows<Tile<2>>(args, block);
  if (block < args.blocks) TilesOfRows<Tile<1>>(args, block);
}

APB_INLINE __m512i SumsOfHalf(const uint16_t* sums, size_t half) {
  const __m512i upper = _mm512_load_si512(sums + 32);
  return half == 1 ? upper : _mm512_sub_epi16(_mm512_load_si512(sums), _mm512_slli_epi16(upper, 8));
}

// Sums of channels 4i and 4i + 2 share a word of what is left of pairs without their upper bytes, those of 4i + 1 and
// 4i + 3 one of the upper bytes.
APB_INLINE void TurnHalf(const LookupTurnArgs& args, size_t lane, size_t half, __m512i terms) {
  const size_t rows = args.rows - lane < kBlock ? args.rows - lane : kBlock;
  const uint16_t* from = args.sums + lane * args.sums_stride;
  __m512i r[kBlock];
  APB_UNROLL
  for (size_t i = 0; i < kBlock; ++i)
    r[i] = i < rows ? SumsOfHalf(from + i * args.sums_stride, half) : _mm512_setzero_si512();
  Turn(r);
  // A word of two sums times such a pair is -2 * one of them.
  const __m512i of_first = _mm512_set1_epi32(0x0000fffe), of_second = _mm512_set1_epi32(static_cast<int>(0xfffe0000));
  APB_UNROLL
  for (size_t i = 0; i < kBlock; ++i) {
    const size_t channel = 4 * i + half;
    if (channel >= args.channels) return;
    int32_t* out = args.out + channel * args.ldo + lane;
    _mm512_storeu_si512(out, _mm512_dpwssd_epi32(terms, r[i], of_first));
    if (channel + 2 < args.channels)
      _mm512_storeu_si512(out + 2 * args.ldo, _mm512_dpwssd_epi32(terms, r[i], of_second));
  }
}

void TurnAll(const LookupTurnArgs& args) {
  for (size_t lane = 0; lane < args.rows; lane += kBlock) {
    const __m512i terms = _mm512_loadu_si512(args.terms + lane);
    TurnHalf(args, lane, 0, terms);
    TurnHalf(args, lane, 1, terms);
  }
}

// Counting signs takes as few instructions as looking them up, and no tables.
constexpr Lookup kLookup = {kIndexBits, {0, 24, 9}, {0, 0, 4}, TablesOfPlanes<Make>, SumAll, TurnAll};

}  // namespace

const Lookup& LookupX86Avx512Vbmi() { return kLookup; }

}  // namespace apb
