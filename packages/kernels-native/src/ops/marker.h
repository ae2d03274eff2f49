// Exact products of a panel of output channels -> codes of one or two bits, in one pass.
#ifndef APB_OPS_MARKER_H_
#define APB_OPS_MARKER_H_

#include <cstddef>
#include <cstdint>

#include "base/scratch.h"
#include "kernels/kernels.h"
#include "ops/bit_tiles.h"
#include "ops/buffer.h"
#include "ops/mark_setup.h"
#include "ops/weights.h"

namespace apb {

// Writes the codes of one panel of channels after another.
class Marker {
 public:
  // terms: of the sparse weights of all channels, kept up to date by the caller for every tile and group
  Marker(const Kernels& kernels, const MarkSetup& setup, const Weights& weights, const SparseDotArgs& terms,
         Buffer& out);

  // Whether there are kernels for a layer without a residual: codes of 1 or 2 bits, no prelu, input codes that stand
  // for 0 where they are 0, sparse rows of one block; signs under a kernel of at most kMostTaps taps.
  static bool Fits(const Kernels& kernels, const Epilogue& epilogue, const Weights& weights, const Encoding& encoding);

  // acc: [channels][kTileRows]
  void Panel(const Channels& channels, const std::int32_t* acc);

  // Once all panels of a tile are done: marks of channels become words of rows.
  void Finish(const BitTile& tile);

 private:
  const Kernels& kernels_;
  const MarkSetup& setup_;
  const Encoding encoding_;  // of the codes
  const std::size_t channels_;
  const BitWeights& bits_;
  const SparseDotArgs& terms_;
  const std::size_t plane_;
  ScratchArray<std::uint64_t> marks_;  // of a tile, [planes][channels]: a bit for every row
  ScratchArray<std::uint64_t> rows_;   // the same turned, [rows][planes][words]
  Buffer& out_;
};

}  // namespace apb

#endif  // APB_OPS_MARKER_H_
