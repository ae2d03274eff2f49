#include "ops/integer.h"

#include <algorithm>

#include "ops/panel.h"

namespace apb {
namespace {

// For one plane of either side, with s = 1 - 2w:
//   bits x:           sum(s x) = popcount(w ^ x) - popcount(w), so that x = 0 adds nothing
//   signs t = 1 - 2x: sum(s t) = k - 2 popcount(w ^ x)
// Of all planes, product = constant + factor * C with C = sum over planes p of activations, u of weights of
// 2^(p+u) * popcount(a_p ^ w_u):
// signs a = 1 - 2b:  1-bit weights s = 1 - 2w:  k - 2C             2-bit weights 2p - 3: 2C - 3k
// codes q:           1-bit weights:             C + code_terms     2-bit weights:        code_terms - C
// Modulo 2^32: C may pass 2^31, the result may not.
std::int32_t FactorOf(unsigned weight_bits, bool sign) { return weight_bits == 1 ? (sign ? -2 : 1) : sign ? 2 : -1; }

// Plane 0 of 2-bit codes becomes n, which is set where 2p - 3 is 1 or -1.
void Balance(const std::uint32_t* words, std::size_t plane, std::uint32_t* to) {
  for (std::size_t i = 0; i < plane; ++i) {
    to[i] = words[i] ^ words[plane + i];
    to[plane + i] = words[plane + i];
  }
}

}  // namespace

bool ArrangesPanels(const Kernels& kernels, const Weights& weights) {
  return IsBalanced(kernels, weights.weight_bits, weights.activation_bits) || FoldsPanels(kernels, weights);
}

bool FoldsPanels(const Kernels& kernels, const Weights& weights) {
  return !weights.looked_up() && kernels.fold_panel &&
         !IsBalanced(kernels, weights.weight_bits, weights.activation_bits);
}

void ArrangePanel(const Kernels& kernels, const Weights& weights, const void* words, std::size_t rows, void* to) {
  const auto* from = static_cast<const std::uint32_t*>(words);
  const std::size_t count = LaneWords(kernels, weights.k);
  if (IsBalanced(kernels, weights.weight_bits, weights.activation_bits))
    return Balance(from, count * kTileRows, static_cast<std::uint32_t*>(to));
  kernels.fold_panel({from, weights.activation_bits, count, kTileRows, rows, static_cast<std::uint32_t*>(to)});
}

void SumCodes(const Kernels& kernels, const ActivationTile& tile, std::size_t k, const void* ones,
              std::int32_t* terms) {
  const std::size_t words = LaneWords(kernels, k);
  const BitPanel columns = {ones, kPanel, 1, 1};
  // popcount(x) = bits - popcount(x ^ ones)
  const std::int32_t bits = static_cast<std::int32_t>(words * kernels.lane_bits * ((1u << tile.planes) - 1));
  kernels.bit_gemm(
      {{tile.words, kTileRows, tile.rows, tile.planes}, columns, words, 0, -1, nullptr, &bits, terms, kTileRows});
}

// Weights of so many bytes have left the second-level cache when the network comes back to them, and a product does not
// wait for panels that are fetched one ahead.
constexpr std::size_t kFetchedBytes = std::size_t{1} << 17;

PanelProduct::PanelProduct(const Kernels& kernels, const Weights& weights, bool sign)
    : gemm_(std::get<BitWeights>(weights.packed).balanced ? kernels.balanced_gemm : kernels.bit_gemm),
      transpose_(kernels.transpose),
      bits_(std::get<BitWeights>(weights.packed)),
      sign_(sign),
      row_group_(kernels.row_group),
      lane_bytes_(kernels.lane_bits / 8),
      panel_bytes_(bits_.planes * LaneWords(kernels, weights.k) * kPanel * lane_bytes_),
      ahead_(bits_.panels.size() >= kFetchedBytes ? static_cast<std::ptrdiff_t>(panel_bytes_) : 0),
      straight_{},
      swapped_{} {
  straight_.words = swapped_.words = LaneWords(kernels, weights.k);
  straight_.triples = swapped_.triples = FoldsPanels(kernels, weights) ? straight_.words / kTriple : 0;
  straight_.factor = swapped_.factor = FactorOf(weights.weight_bits, sign);
  straight_.columns = swapped_.lanes = {nullptr, kPanel, kPanel, bits_.planes};
  swapped_.ldo = kPanel;
  const std::int32_t k = static_cast<std::int32_t>(weights.k);
  std::fill(constants_, constants_ + kPanel, weights.weight_bits == 1 ? k : -3 * k);
}

void PanelProduct::SetTile(const ActivationTile& tile, std::size_t ldo) {
  std::size_t rest = tile.rows % row_group_;
  if (rest > kMostSwapped) rest = 0;
  const std::size_t straight = tile.rows - rest;
  const auto* words = static_cast<const std::uint8_t*>(tile.arranged);
  straight_.lanes = {words, kTileRows, straight, tile.planes};
  straight_.ldo = ldo;
  swapped_.columns = {words + straight * lane_bytes_, kTileRows, rest, tile.planes};
}

void PanelProduct::Multiply(std::size_t panel, std::size_t channels, std::int32_t* out) {
  const std::uint8_t* words = bits_.panels.data() + panel * panel_bytes_;
  const std::int32_t* constants = sign_ ? constants_ : bits_.code_terms.data() + panel * kPanel;
  if (straight_.lanes.items > 0) {
    straight_.columns.words = words;
    straight_.columns.items = channels;
    straight_.column_terms = constants;
    straight_.out = out;
    straight_.ahead = (panel + 2) * panel_bytes_ <= bits_.panels.size() ? ahead_ : 0;
    gemm_(straight_);
  }
  if (swapped_.columns.items == 0) return;
  alignas(64) std::int32_t turned[kMostSwapped * kPanel];
  swapped_.lanes.words = words;
  swapped_.lanes.items = channels;
  swapped_.lane_terms = constants;
  swapped_.out = turned;
  gemm_(swapped_);
  transpose_({reinterpret_cast<const std::uint32_t*>(turned), kPanel, swapped_.columns.items, channels,
              reinterpret_cast<std::uint32_t*>(out) + straight_.lanes.items, straight_.ldo});
}

}  // namespace apb
