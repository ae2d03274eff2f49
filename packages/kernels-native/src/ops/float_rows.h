// Rows of a float product where they lie in the pictures: im2col without a copy. Neighbouring output positions that see
// the same taps are rows at equal steps, and taps in the padding, which would add nothing, are left out.
#ifndef APB_OPS_FLOAT_ROWS_H_
#define APB_OPS_FLOAT_ROWS_H_

#include <cstddef>
#include <vector>

#include "base/scratch.h"
#include "kernels/kernels.h"
#include "ops/buffer.h"
#include "ops/weights.h"
#include "ops/window.h"

namespace apb {

// Output positions of a tile that one call of a kernel can work on.
struct FloatSegment {
  const float* a;
  std::size_t lda;  // floats from one position to the next
  std::size_t row;  // of the tile
  std::size_t row_step;
  std::size_t rows;
  std::vector<FloatRun> runs;  // of the columns asked for
};

class FloatRows {
 public:
  // Tiles have at most `most` rows, `depth` columns are asked for at most.
  FloatRows(const Buffer& x, const Weights& weights, const Window& window, std::size_t most, std::size_t depth);

  // Takes up the tile from position `first`: whole lines of outputs as far as possible. Returns its rows.
  std::size_t Begin(std::size_t first);
  // Its segments, with runs for the columns first .. first + depth - 1 of a group, counted from `first`. Valid until
  // the next call.
  const std::vector<FloatSegment>& Part(std::size_t group, std::size_t first, std::size_t depth);

 private:
  // Positions that see the same taps.
  struct Stretch {
    const float* a;  // the first pixel that the first position sees
    std::size_t lda, row, row_step, rows;
    TapRange y, x;
  };

  std::size_t BeginPart(std::size_t first, std::size_t rest);
  void AddLines(std::size_t line, std::size_t lines, std::size_t column, std::size_t columns, std::size_t row);
  void AddBlock(std::size_t line, std::size_t lines, std::size_t column, std::size_t columns, std::size_t row);
  const float* FirstPixel(std::size_t line, std::size_t column) const;
  void Cut(const Stretch& stretch, std::size_t first, std::size_t depth, std::vector<FloatRun>* runs) const;
  void Spread(FloatSegment* segment);

  const Buffer& x_;
  const Weights& weights_;
  const Window& window_;
  const bool in_memory_;
  const std::size_t most_, spread_;
  Pair strides_;
  std::vector<Stretch> stretches_;
  std::vector<FloatSegment> segments_;
  ScratchArray<float> copies_;  // [most][spread]
};

}  // namespace apb

#endif  // APB_OPS_FLOAT_ROWS_H_
