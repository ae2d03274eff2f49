#include "ops/panel.h"

namespace apb {
namespace {

// Word is the lane's: a row of 64-bit words is, on little-endian machines, twice as many words of 32 bits.
template <typename Word>
void Pack(const Word* rows, std::size_t row_words, std::size_t count, unsigned planes, std::size_t words,
          Word* panel) {
  for (unsigned p = 0; p < planes; ++p)
    for (std::size_t w = 0; w < words; ++w) {
      const Word* from = rows + p * row_words + w;
      Word* to = panel + (p * words + w) * kTileRows;
      for (std::size_t i = 0; i < count; ++i) to[i] = from[i * planes * row_words];
    }
}

}  // namespace

void PackPanel(const Kernels& kernels, const std::uint64_t* rows, std::size_t count, unsigned planes,
               std::size_t k, void* panel) {
  const std::size_t words = LaneWords(kernels, k);
  if (kernels.lane_bits == 32)
    Pack(reinterpret_cast<const std::uint32_t*>(rows), (k + 63) / 64 * 2, count, planes, words,
         static_cast<std::uint32_t*>(panel));
  else
    Pack(rows, (k + 63) / 64, count, planes, words, static_cast<std::uint64_t*>(panel));
}

}  // namespace apb
