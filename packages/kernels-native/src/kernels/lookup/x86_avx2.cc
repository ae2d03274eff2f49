// AVX2: tables have 16 sums, for all patterns of four weights; VPSHUFB looks up those of 32 channels, half a block.
#include <immintrin.h>

#include "kernels/lookup/counts.h"
#include "kernels/lookup/loop.h"
#include "kernels/transpose/x86_avx2_turn.h"
#include "kernels/x86_registers.h"

namespace apb {
namespace {

constexpr unsigned kIndexBits = 4;
constexpr size_t kTable = size_t{1} << kIndexBits;
constexpr size_t kWordGroups = 64 / kIndexBits;
// Vectors of bytes of a block.
constexpr size_t kHalves = kLookupChannels / 32;

template <bool sign>
APB_INLINE __m128i CountsOf(uint64_t word, size_t g) {
  return _mm_load_si128(
      reinterpret_cast<const __m128i*>(kCounts<kIndexBits, sign>.of[(word >> (g * kIndexBits)) % kTable]));
}

struct Make {
  template <unsigned planes, bool sign>
  static void Tables(const LookupTablesArgs& args) {
    for (size_t i = 0; i < args.count; ++i) {
      uint8_t* to = args.tables + i * args.table_stride;
      for (size_t w = 0; w < args.words; ++w) {
        // Copies: tables are bytes, which could be those of the pixel.
        uint64_t words[planes];
        for (unsigned p = 0; p < planes; ++p) words[p] = args.pixels[i * args.stride + p * args.plane + w];
        APB_UNROLL
        for (size_t g = 0; g < kWordGroups; ++g, to += kTable) {
          __m128i table = CountsOf<sign>(words[planes - 1], g);
          APB_UNROLL
          for (unsigned p = planes - 1; p > 0; --p)
            table = _mm_add_epi8(_mm_add_epi8(table, table), CountsOf<sign>(words[p - 1], g));
          _mm_store_si128(reinterpret_cast<__m128i*>(to), table);
        }
      }
    }
  }
};

APB_INLINE __m256i Load(const void* from) {
  __m256i x = _mm256_load_si256(static_cast<const __m256i*>(from));
  APB_KEEP(x);
  return x;
}

// One group of a block x R rows.
template <size_t R, bool first>
APB_INLINE void Group(const uint8_t* const* tables, size_t at, const uint8_t* indices, __m256i* bytes) {
  __m256i index[kHalves];
  APB_UNROLL
  for (size_t h = 0; h < kHalves; ++h) index[h] = Load(indices + h * 32);
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    __m256i table = _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(tables[r] + at)));
    APB_KEEP(table);
    APB_UNROLL
    for (size_t h = 0; h < kHalves; ++h) {
      const __m256i found = _mm256_shuffle_epi8(table, index[h]);
      __m256i& sum = bytes[r * kHalves + h];
      if (first)
        sum = found;
      else
        APB_ACCUMULATE("vpaddb", _mm256_add_epi8, sum, found);
    }
  }
}

// Bytes go to the sums of a half: 16-bit sums of whole pairs of bytes, modulo 2^16, then of their upper bytes. These
// are in memory, since registers are too few.
APB_INLINE void Widen(__m256i bytes, bool add, uint16_t* sums) {
  __m256i *whole = reinterpret_cast<__m256i*>(sums), *upper = whole + 1;
  __m256i pairs = bytes, upper_bytes = _mm256_srli_epi16(bytes, 8);
  if (add) {
    pairs = _mm256_add_epi16(pairs, _mm256_load_si256(whole));
    upper_bytes = _mm256_add_epi16(upper_bytes, _mm256_load_si256(upper));
  }
  _mm256_store_si256(whole, pairs);
  _mm256_store_si256(upper, upper_bytes);
}

// All taps of a block x R rows, groups in as few equal parts as bytes hold.
template <size_t R>
APB_NOINLINE void SumsOf(const LookupSumsArgs& args, size_t block, size_t row) {
  const size_t parts = (args.groups + args.most - 1) / args.most;
  const size_t size = args.groups / parts, longer = args.groups % parts;
  const uint8_t* indices = args.indices + block * args.block_stride;
  uint16_t* sums = args.sums + row * args.sums_stride + block * kLookupChannels;
  bool add = args.add;
  for (size_t line = 0; line < args.lines; ++line) {
    const uint8_t* first_table = args.tables[line] + row * args.row_stride;
    for (size_t tap = 0; tap < args.taps; ++tap, indices += args.tap_indices, first_table += args.tap_stride) {
      const uint8_t *tables[R], *index = indices;
      APB_UNROLL
      for (size_t r = 0; r < R; ++r) tables[r] = first_table + r * args.row_stride;
      size_t at = 0;
      for (size_t part = 0; part < parts; ++part) {
        const size_t end = at + (size + (part < longer)) * kTable;
        __m256i bytes[R * kHalves];
        Group<R, true>(tables, at, index, bytes);
        for (at += kTable, index += kLookupChannels; at < end; at += kTable, index += kLookupChannels)
          Group<R, false>(tables, at, index, bytes);
        APB_UNROLL
        for (size_t r = 0; r < R; ++r) {
          APB_UNROLL
          for (size_t h = 0; h < kHalves; ++h) Widen(bytes[r * kHalves + h], add, sums + r * args.sums_stride + h * 32);
        }
        add = true;
      }
    }
  }
}

struct Tile {
  static constexpr size_t kRows = 4;  // as many sums as registers hold

  template <size_t R>
  static void Sum(const LookupSumsArgs& args, size_t block, size_t row) {
    SumsOf<R>(args, block, row);
  }
};

void SumAll(const LookupSumsArgs& args) {
  for (size_t block = 0; block < args.blocks; ++block) TilesOfRows<Tile>(args, block);
}

// Words of channels 4i and 4i + 2 (what is left of pairs without their upper bytes), or of 4i + 1 and 4i + 3 (upper
// bytes), of one half.
APB_INLINE __m256i WordsOf(const uint16_t* sums, bool odd) {
  const __m256i* of = reinterpret_cast<const __m256i*>(sums);
  const __m256i upper = _mm256_load_si256(of + 1);
  return odd ? upper : _mm256_sub_epi16(_mm256_load_si256(of), _mm256_slli_epi16(upper, 8));
}

APB_INLINE void Turn(const LookupTurnArgs& args, size_t lane, size_t half, bool odd) {
  const size_t rows = args.rows - lane < kBlock ? args.rows - lane : kBlock;
  const uint16_t* from = args.sums + lane * args.sums_stride + half * 32;
  __m256i r[kBlock];
  APB_UNROLL
  for (size_t i = 0; i < kBlock; ++i)
    r[i] = i < rows ? WordsOf(from + i * args.sums_stride, odd) : _mm256_setzero_si256();
  Turn(r);
  const __m256i low = _mm256_set1_epi32(0xffff);
  const __m256i terms = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(args.terms + lane));
  const auto store = [&](size_t channel, __m256i sum) {
    if (channel >= args.channels) return;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(args.out + channel * args.ldo + lane),
                        _mm256_sub_epi32(terms, _mm256_add_epi32(sum, sum)));
  };
  APB_UNROLL
  for (size_t i = 0; i < kBlock; ++i) {
    const size_t channel = half * 32 + 4 * i + odd;
    store(channel, _mm256_and_si256(r[i], low));
    store(channel + 2, _mm256_srli_epi32(r[i], 16));
  }
}

void TurnAll(const LookupTurnArgs& args) {
  for (size_t lane = 0; lane < args.rows; lane += kBlock)
    for (size_t half = 0; half < kHalves; ++half) {
      Turn(args, lane, half, false);
      Turn(args, lane, half, true);
    }
}

constexpr Lookup kLookup = {kIndexBits, {16, 4, 2}, {8, 2, 1}, TablesOfPlanes<Make>, SumAll, TurnAll};

}  // namespace

const Lookup& LookupX86Avx2() { return kLookup; }

}  // namespace apb
