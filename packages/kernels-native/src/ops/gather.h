// Rows of a matrix product from activations: those of a matrix as they lie, those of a convolution gathered for
// a tile of output positions at a time (im2col is never built whole).
#ifndef APB_OPS_GATHER_H_
#define APB_OPS_GATHER_H_

#include <cstdint>

#include "ops/buffer.h"
#include "ops/weights.h"
#include "ops/window.h"

namespace apb {

// Rows of k floats in the order (kh, kw, c of the group); taps outside the picture are 0.
class FloatRows {
 public:
  // `window` is null for a matrix product. Tiles have at most `most` rows.
  FloatRows(const Buffer& x, const Weights& weights, const Window* window, std::size_t most);
  // [count][k], dense; valid until the next call.
  const float* Tile(std::size_t first, std::size_t count, std::size_t group);

 private:
  void Gather(const Patch& patch, std::size_t group, float* to) const;

  const Buffer& x_;
  const Weights& weights_;
  const Window* window_;
  AlignedArray<float> tile_;
};

// The same for planes: rows of [planes][words of k bits]; bits of taps outside are 0.
class BitRows {
 public:
  BitRows(const Buffer& x, const Weights& weights, const Window* window, std::size_t most);
  const std::uint64_t* Tile(std::size_t first, std::size_t count, std::size_t group);

 private:
  void Gather(const Patch& patch, std::size_t group, std::uint64_t* to) const;

  const Buffer& x_;
  const Weights& weights_;
  const Window* window_;
  std::size_t words_;  // of one plane of a row
  AlignedArray<std::uint64_t> tile_;
};

}  // namespace apb

#endif  // APB_OPS_GATHER_H_
