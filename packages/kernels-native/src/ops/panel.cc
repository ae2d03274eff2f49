#include "ops/panel.h"

namespace apb {
namespace {

void PackWords(const std::uint64_t* rows, std::size_t count, unsigned planes, std::size_t words, std::uint64_t* panel) {
  for (std::size_t w = 0; w < planes * words; ++w)
    for (std::size_t i = 0; i < count; ++i) panel[w * kTileRows + i] = rows[i * planes * words + w];
}

// A row of 64-bit words is, on little-endian machines, twice as many words of 32 bits; the last may be unused.
void PackHalves(const Kernels& kernels, const std::uint32_t* rows, std::size_t count, unsigned planes,
                std::size_t words, std::uint32_t* panel) {
  const std::size_t row_words = (words + 1) / 2 * 2;
  for (unsigned p = 0; p < planes; ++p)
    kernels.transpose(
        {rows + p * row_words, planes * row_words, count, words, panel + p * words * kTileRows, kTileRows});
}

}  // namespace

void PackPanel(const Kernels& kernels, const std::uint64_t* rows, std::size_t count, unsigned planes, std::size_t k,
               void* panel) {
  const std::size_t words = LaneWords(kernels, k);
  if (kernels.lane_bits == 32)
    PackHalves(kernels, reinterpret_cast<const std::uint32_t*>(rows), count, planes, words,
               static_cast<std::uint32_t*>(panel));
  else
    PackWords(rows, count, planes, words, static_cast<std::uint64_t*>(panel));
}

}  // namespace apb
