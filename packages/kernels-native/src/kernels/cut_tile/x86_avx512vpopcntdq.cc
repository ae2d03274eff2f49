// AVX-512: sixteen rows at a time, which may lie on several lines: a masked load for each of these.
#include "kernels/code_panel/x86_avx512.h"
#include "kernels/cut_tile/op.h"
#include "kernels/fold_panel/x86_avx512.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;

// Lanes of a vector that lie side by side on one line.
struct LanePart {
  uintptr_t bytes;  // from the start of the lines to the place of lane 0, were it on this line; may wrap around
  __mmask16 lanes;
};

// The lines on which the rows of one vector lie.
struct LaneParts {
  LanePart parts[kLanes] = {};
  size_t count = 0;

  // Rows from `row` on; `run` is the one that holds it.
  LaneParts(const LineRun* run, size_t row, size_t rows) {
    const size_t end = row + kLanes < rows ? row + kLanes : rows;
    for (size_t at = row; at < end; ++run) {
      const size_t last = run->row + run->count < end ? run->row + run->count : end;
      const unsigned lanes = (1u << (last - row)) - (1u << (at - row));
      parts[count++] = {(run->from + row - run->row) * sizeof(uint32_t), static_cast<__mmask16>(lanes)};
      at = last;
    }
  }
};

// Nearly all vectors lie on one line or two: N is their number, or 0 where it is any.
template <size_t N>
APB_INLINE __m512i Load(const uint32_t* from, const LaneParts& lines) {
  // Lanes beside the mask may lie outside of all memory: no pointer arithmetic.
  const auto at = [&](size_t i) {
    return reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(from) + lines.parts[i].bytes);
  };
  __m512i x = _mm512_maskz_loadu_epi32(lines.parts[0].lanes, at(0));
  const size_t count = N > 0 ? N : lines.count;
  for (size_t i = 1; i < count; ++i) x = _mm512_mask_loadu_epi32(x, lines.parts[i].lanes, at(i));
  return x;
}

// One word of all planes; `piece` moves on to the next word's.
template <unsigned P, bool whole, size_t N>
APB_INLINE void Cut(const CutTileArgs& args, const LaneParts& parts, const Piece*& piece, __m512i* planes) {
  const auto load = [&](unsigned p) { return Load<N>(args.lines + piece->from + p * args.plane, parts); };
  if (whole) {
    APB_UNROLL
    for (unsigned p = 0; p < P; ++p) planes[p] = load(p);
    ++piece;
    return;
  }
  APB_UNROLL
  for (unsigned p = 0; p < P; ++p) planes[p] = _mm512_setzero_si512();
  const uint32_t word = piece->word;
  for (const Piece* const end = args.pieces + args.count; piece < end && piece->word == word; ++piece) {
    const __m512i turn = _mm512_set1_epi32(piece->turn), taken = _mm512_set1_epi32(static_cast<int>(piece->mask));
    APB_UNROLL
    for (unsigned p = 0; p < P; ++p)  // planes | (turned & taken)
      planes[p] = _mm512_ternarylogic_epi32(planes[p], _mm512_rolv_epi32(load(p), turn), taken, 0xf8);
  }
}

// Plain words and codes of one word of all planes, of the sixteen rows from `row`.
template <unsigned P>
APB_INLINE void StoreWord(const CutTileArgs& args, size_t word, size_t row, const __m512i* planes) {
  const size_t at = word * kTileRows + row;
  if (args.panel) {
    APB_UNROLL
    for (unsigned p = 0; p < P; ++p) _mm512_store_si512(args.panel + p * args.words * kTileRows + at, planes[p]);
  }
  if constexpr (P > 1)
    if (args.codes) StoreCodes<P>(planes, args.codes + word * P * kTileRows + row);
}

template <unsigned P, bool whole, size_t N>
void Rows(const CutTileArgs& shared, const LaneParts& shared_parts, size_t row) {
  // Copies of its own, which no store can change.
  const CutTileArgs args = shared;
  const LaneParts parts = shared_parts;
  const size_t plane = args.words * kTileRows;
  const Piece* piece = args.pieces;
  const auto folded = [&](size_t word) { return args.folded + word * kTileRows + row; };
  size_t word = 0;
  for (; word + kTriple <= args.words; word += kTriple) {
    __m512i x[kTriple][P];
    APB_UNROLL
    for (size_t i = 0; i < kTriple; ++i) {
      Cut<P, whole, N>(args, parts, piece, x[i]);
      StoreWord<P>(args, word + i, row, x[i]);
    }
    if (args.folded) {
      APB_UNROLL
      for (unsigned p = 0; p < P; ++p) StoreFolded(x[0][p], x[1][p], x[2][p], folded(word) + p * plane, kTileRows);
    }
  }
  for (; word < args.words; ++word) {
    __m512i x[P];
    Cut<P, whole, N>(args, parts, piece, x);
    StoreWord<P>(args, word, row, x);
    if (args.folded) {
      APB_UNROLL
      for (unsigned p = 0; p < P; ++p) _mm512_store_si512(folded(word) + p * plane, x[p]);
    }
  }
}

template <unsigned P, bool whole>
void Tile(const CutTileArgs& args) {
  const LineRun* run = args.runs;
  for (size_t row = 0; row < args.rows; row += kLanes) {
    while (run->row + run->count <= row) ++run;
    const LaneParts parts(run, row, args.rows);
    switch (parts.count) {
      case 1: Rows<P, whole, 1>(args, parts, row); break;
      case 2: Rows<P, whole, 2>(args, parts, row); break;
      default: Rows<P, whole, 0>(args, parts, row);
    }
  }
}

template <unsigned P>
void TileOf(const CutTileArgs& args) {
  if (args.whole)
    Tile<P, true>(args);
  else
    Tile<P, false>(args);
}

}  // namespace

void CutTileX86Avx512Vpopcntdq(const CutTileArgs& args) {
  switch (args.planes) {
    case 1: return TileOf<1>(args);
    case 2: return TileOf<2>(args);
    case 4: return TileOf<4>(args);
  }
}

}  // namespace apb
