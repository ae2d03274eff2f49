// Activation rows side by side, word by word: what bit kernels read.
#ifndef APB_OPS_PANEL_H_
#define APB_OPS_PANEL_H_

#include <cstddef>
#include <cstdint>

#include "base/aligned.h"
#include "kernels/kernels.h"

namespace apb {

// Lane words that hold k bits.
inline std::size_t LaneWords(const Kernels& kernels, std::size_t k) {
  return (k + kernels.lane_bits - 1) / kernels.lane_bits;
}

// Bytes of one panel of `planes` planes of kTileRows rows.
inline std::size_t PanelBytes(const Kernels& kernels, unsigned planes, std::size_t k) {
  return planes * LaneWords(kernels, k) * kTileRows * (kernels.lane_bits / 8);
}

// rows: [count][planes][words of 64 bits], bits beyond k zero, count <= kTileRows
// panel: [planes][LaneWords][kTileRows] words of lane_bits; items beyond count stay as they were
void PackPanel(const Kernels& kernels, const std::uint64_t* rows, std::size_t count, unsigned planes, std::size_t k,
               void* panel);

}  // namespace apb

#endif  // APB_OPS_PANEL_H_
