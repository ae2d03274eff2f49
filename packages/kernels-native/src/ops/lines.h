// Packed pictures turned for convolutions: the pixels of a line lie side by side, word by word, so that neighbouring
// output positions find their bits in neighbouring lanes, whatever the tap (implicit im2col by plain copies).
#ifndef APB_OPS_LINES_H_
#define APB_OPS_LINES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/scratch.h"
#include "kernels/kernels.h"
#include "ops/buffer.h"
#include "ops/weights.h"
#include "ops/window.h"

namespace apb {

// How far taps and outputs are apart on one axis, from the padded edge.
struct Steps {
  std::size_t stride;  // from one output to the next
  std::size_t before;  // pixels of padding
  std::size_t padded;  // pixels that outputs look at, padding included

  explicit Steps(const Axis& axis);
};

// Lane words [picture][padded line][column modulo stride][plane][word of the channels][column / stride]: a stride takes
// every stride-th column, and those lie together. Padding is 0. As large as the input and its padding.
class BitLines {
 public:
  // Throws ContractError where padding dwarfs the pictures.
  BitLines(const Kernels& kernels, const Buffer& x, const Window& window);

  // Pieces of a panel's words, for patches of the channels of one group.
  std::vector<Piece> PiecesOf(const Weights& weights, std::size_t group) const;
  // Words from the start to what output (picture, line, column) sees first.
  std::size_t At(std::size_t picture, std::size_t line, std::size_t column) const {
    return (picture * y_.padded + line * y_.stride) * x_.stride * planes_ * plane() + column;
  }
  const void* words() const { return words_.data(); }
  // Words of one plane of one line.
  std::size_t plane() const { return channel_words_ * columns_; }

 private:
  std::size_t Bytes(const Buffer& x) const;
  void Turn(const Buffer& x, std::size_t picture, std::size_t line);
  void TurnPixels(const Buffer& x, std::size_t pixel, std::size_t count, std::size_t to);

  const Kernels& kernels_;
  const Window& window_;
  const Steps y_, x_;
  const unsigned planes_;
  const std::size_t channel_words_;
  const std::size_t columns_;  // of one residue modulo the stride
  ScratchArray<std::uint8_t> words_;
};

}  // namespace apb

#endif  // APB_OPS_LINES_H_
