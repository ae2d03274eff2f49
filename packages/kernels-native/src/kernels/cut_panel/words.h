// A piece after the other, all its lanes, for compilers to make vectors of. Internal linkage keeps code of wider
// instruction sets out of other files.
#include "kernels/bit_gemm/op.h"
#include "kernels/cut_panel/op.h"

namespace apb {
namespace {

template <typename Word, bool add>
inline void CutPiece(const Piece& piece, const Word* from, size_t lanes, Word* to) {
  constexpr unsigned kBits = 8 * sizeof(Word);
  const Word mask = static_cast<Word>(piece.mask);
  const unsigned left = piece.turn, right = (kBits - left) % kBits;
  for (size_t i = 0; i < lanes; ++i) {
    const Word bits = static_cast<Word>((from[i] << left) | (from[i] >> right)) & mask;
    to[i] = add ? to[i] | bits : bits;
  }
}

template <typename Word>
inline void CutPanelByWords(const CutPanelArgs& args) {
  const Word* lines = static_cast<const Word*>(args.lines);
  Word* panel = static_cast<Word*>(args.panel);
  for (unsigned p = 0; p < args.planes; ++p, lines += args.plane, panel += args.words * kTileRows)
    for (size_t j = 0; j < args.count; ++j) {
      const Piece& piece = args.pieces[j];
      Word* to = panel + piece.word * kTileRows;
      if (j > 0 && args.pieces[j - 1].word == piece.word)
        CutPiece<Word, true>(piece, lines + piece.from, args.lanes, to);
      else
        CutPiece<Word, false>(piece, lines + piece.from, args.lanes, to);
    }
}

}  // namespace
}  // namespace apb
