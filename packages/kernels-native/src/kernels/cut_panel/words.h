// A lane after the other, for compilers to make vectors of. Internal linkage keeps code of wider instruction sets out of
// other files.
#include "kernels/bit_gemm/op.h"
#include "kernels/cut_panel/op.h"

namespace apb {
namespace {

template <typename Word>
inline void CutPiece(const Piece& piece, const Word* from, size_t lanes, Word* to) {
  const Word mask = static_cast<Word>(piece.mask);
  if (piece.first)
    for (size_t i = 0; i < lanes; ++i) to[i] = static_cast<Word>(((from[i] >> piece.right) & mask) << piece.left);
  else
    for (size_t i = 0; i < lanes; ++i) to[i] |= static_cast<Word>(((from[i] >> piece.right) & mask) << piece.left);
}

template <typename Word>
inline void CutPanelByWords(const CutPanelArgs& args) {
  const Word* lines = static_cast<const Word*>(args.lines);
  Word* panel = static_cast<Word*>(args.panel);
  for (unsigned p = 0; p < args.planes; ++p, lines += args.plane, panel += args.words * kTileRows)
    for (size_t j = 0; j < args.count; ++j) {
      const Piece& piece = args.pieces[j];
      CutPiece(piece, lines + piece.from, args.lanes, panel + piece.word * kTileRows);
    }
}

}  // namespace
}  // namespace apb
