#include "ops/integer.h"

#include <algorithm>

#include "ops/panel.h"

namespace apb {
namespace {

// product = k_factor * k + ones * B + count * C, with
//   C = sum over activation planes p and weight planes u of 2^(p+u) * popcount(a_p OP w_u)
//   B = sum over p of 2^p * popcount(a_p)
// signs a = 1 - 2b:  1-bit weights s = 1 - 2w:  k - 2C (XOR)   2-bit weights 2p - 3: -3k + 2C (XOR)
// codes q:           1-bit weights:             B - 2C (AND)   2-bit weights:        2C - 3B (AND)
// Modulo 2^32: C may pass 2^31, the result may not.
struct LinearForm {
  bool exclusive;
  std::int32_t count, ones, k_factor;
};

LinearForm FormOf(unsigned weight_bits, bool sign) {
  if (weight_bits == 1) return sign ? LinearForm{true, -2, 0, 1} : LinearForm{false, -2, 1, 0};
  return sign ? LinearForm{true, 2, 0, -3} : LinearForm{false, 2, -3, 0};
}

// Up to so many rows that are left over from whole groups (Kernels::row_group) become the broadcast side instead: as
// many vectors of weights are then counted as there are rows. Turning the result around costs about as much as a few.
constexpr std::size_t kMostSwapped = 12;

// Rows from `first`.
BitPanel RowPanel(const Kernels& kernels, const ActivationTile& tile, std::size_t first, std::size_t rows) {
  const auto* words = static_cast<const std::uint8_t*>(tile.words);
  return {words + first * (kernels.lane_bits / 8), kTileRows, rows, tile.planes};
}

}  // namespace

void FillTerms(const Kernels& kernels, unsigned weight_bits, const ActivationTile& tile, std::size_t k,
               const void* ones, std::int32_t* terms) {
  const BitPanel columns = {ones, kPanel, 1, 1};
  kernels.bit_gemm({RowPanel(kernels, tile, 0, tile.rows), columns, LaneWords(kernels, k), false, 1, nullptr, nullptr,
                    terms, kTileRows});
  const std::int32_t factor = FormOf(weight_bits, false).ones;
  for (std::size_t i = 0; i < tile.rows; ++i) terms[i] *= factor;
}

void Balance(const Kernels& kernels, std::size_t words, void* panel) {
  const std::size_t plane = words * kTileRows * (kernels.lane_bits / 32);
  auto* codes = static_cast<std::uint32_t*>(panel);
  for (std::size_t i = 0; i < plane; ++i) codes[i] ^= codes[plane + i];
}

// Weights of so many bytes have left the second-level cache when the network comes back to them, and a product does not
// wait for panels that are fetched one ahead: a last stage of ResNet-18 takes 425 us in place of 520.
constexpr std::size_t kFetchedBytes = std::size_t{1} << 17;

PanelProduct::PanelProduct(const Kernels& kernels, const Weights& weights, bool sign)
    : kernels_(kernels),
      bits_(std::get<BitWeights>(weights.packed)),
      exclusive_(FormOf(weights.weight_bits, sign).exclusive),
      factor_(FormOf(weights.weight_bits, sign).count),
      words_(LaneWords(kernels, weights.k)),
      panel_bytes_(bits_.planes * words_ * kPanel * (kernels.lane_bits / 8)),
      fetches_(bits_.panels.size() >= kFetchedBytes) {
  const std::int32_t k_factor = FormOf(weights.weight_bits, sign).k_factor;
  std::fill(constant_, constant_ + kPanel, k_factor * static_cast<std::int32_t>(weights.k));
}

void PanelProduct::Run(const BitPanel& lanes, const BitPanel& columns, const std::int32_t* lane_terms,
                       const std::int32_t* column_terms, std::int32_t* out, std::size_t ldo,
                       std::ptrdiff_t ahead) const {
  if (bits_.balanced)
    kernels_.balanced_gemm({lanes, columns, words_, lane_terms, column_terms, out, ldo});
  else
    kernels_.bit_gemm({lanes, columns, words_, exclusive_, factor_, lane_terms, column_terms, out, ldo, ahead});
}

void PanelProduct::Multiply(std::size_t panel, std::size_t channels, const ActivationTile& tile, std::int32_t* out,
                            std::size_t ldo) const {
  const BitPanel columns = {bits_.panels.data() + panel * panel_bytes_, kPanel, channels, bits_.planes};
  const std::int32_t* constants = bits_.balanced ? bits_.balanced_terms.data() + panel * kPanel
                                  : tile.sign    ? constant_
                                                 : nullptr;
  std::size_t rest = tile.rows % kernels_.row_group;
  if (rest > kMostSwapped) rest = 0;
  const std::size_t straight = tile.rows - rest;
  const bool fetches = fetches_ && (panel + 2) * panel_bytes_ <= bits_.panels.size();
  const std::ptrdiff_t ahead = fetches ? static_cast<std::ptrdiff_t>(panel_bytes_) : 0;
  if (straight > 0) Run(RowPanel(kernels_, tile, 0, straight), columns, tile.terms, constants, out, ldo, ahead);
  if (rest == 0) return;
  std::int32_t swapped[kMostSwapped * kPanel];
  Run(columns, RowPanel(kernels_, tile, straight, rest), constants, tile.terms ? tile.terms + straight : nullptr,
      swapped, kPanel, 0);
  kernels_.transpose({reinterpret_cast<const std::uint32_t*>(swapped), kPanel, rest, channels,
                      reinterpret_cast<std::uint32_t*>(out) + straight, ldo});
}

}  // namespace apb
