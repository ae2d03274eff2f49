#include "ops/weights.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/bit_setup.h"
#include "ops/check.h"
#include "ops/lookup_tables.h"
#include "ops/mark_setup.h"
#include "ops/panel.h"
#include "ops/windows.h"

namespace apb {
namespace {

template <typename T>
std::size_t Bytes(const std::vector<T>& v) {
  return v.size() * sizeof(T);
}

std::size_t Bytes(const SparseRows& w) {
  return Bytes(w.row_start) + Bytes(w.columns) + Bytes(w.values) + Bytes(w.taps);
}

std::size_t Bytes(const BitWeights& w) {
  return w.panels.bytes() + w.indices.bytes() + Bytes(w.scales) + Bytes(w.tap_sums) + Bytes(w.code_terms) +
         Bytes(w.sparse) + Bytes(w.order);
}

std::size_t Bytes(const ByteWeights& w) { return w.signs.bytes() + Bytes(w.scales) + Bytes(w.sparse); }

std::size_t Bytes(const SignWeights& w) {
  return w.signs.bytes() + w.scales.bytes() + Bytes(w.exception_start) + Bytes(w.exceptions);
}

std::size_t Bytes(const FloatWeights& w) { return w.panels.bytes(); }

float ScaleOf(const SourceWeights& s, std::size_t row) { return s.scales[s.scale_count == 1 ? 0 : row]; }

// Bit of plane p, row, column.
unsigned BitOf(const SourceWeights& s, std::size_t p, std::size_t row, std::size_t column) {
  return (s.planes[(p * s.rows + row) * ((s.k + 31) / 32) + column / 32] >> (column % 32)) & 1;
}

// Of plane 0 of a row.
std::size_t Ones(const SourceWeights& s, std::size_t row) {
  std::size_t ones = 0;
  for (std::size_t column = 0; column < s.k; ++column) ones += BitOf(s, 0, row, column);
  return ones;
}

// Index of a row's panel among all panels, and its lane there.
struct Slot {
  std::size_t panel, lane;
};

Slot SlotOf(const Weights& w, std::size_t row) {
  const std::size_t within = row % w.rows_per_group();
  return {row / w.rows_per_group() * w.panels_per_group() + within / kPanel, within % kPanel};
}

std::size_t Panels(const Weights& w) { return w.groups * w.panels_per_group(); }

SparseRows NoTerms(const SourceWeights& s) {
  SparseRows sparse;
  sparse.blocks = (s.k + SparseRows::kBlockColumns - 1) / SparseRows::kBlockColumns;
  sparse.row_start.assign(s.rows * sparse.blocks + 1, 0);
  return sparse;
}

// Positions, and so the number of terms, are below 2^32.
SparseRows Residual(const SourceWeights& s) {
  SparseRows sparse = NoTerms(s);
  sparse.columns.reserve(s.value_count);
  sparse.values.reserve(s.value_count);
  for (std::size_t i = 0; i < s.value_count; ++i) {
    const std::size_t row = s.positions[i] / s.k;
    const std::size_t column = s.positions[i] % s.k;
    const float scale = ScaleOf(s, row);
    const float rest = s.values[i] - (BitOf(s, 0, row, column) ? -scale : scale);
    if (!std::isfinite(rest))
      throw ContractError("the residual of the weights overflows at position " + std::to_string(s.positions[i]));
    ++sparse.row_start[row * sparse.blocks + column / SparseRows::kBlockColumns + 1];
    sparse.columns.push_back(static_cast<std::uint16_t>(column % SparseRows::kBlockColumns));
    sparse.values.push_back(rest);
  }
  std::partial_sum(sparse.row_start.begin(), sparse.row_start.end(), sparse.row_start.begin());
  return sparse;
}

// Word is the lane's.
template <typename Word>
void FillPanels(const SourceWeights& s, const Weights& w, BitWeights& bits) {
  constexpr std::size_t kBits = 8 * sizeof(Word);
  const std::size_t words = (s.k + kBits - 1) / kBits;
  bits.panels = AlignedArray<std::uint8_t>::Zeros(Panels(w) * s.bits * words * kPanel * sizeof(Word));
  Word* panels = reinterpret_cast<Word*>(bits.panels.data());
  for (std::size_t row = 0; row < s.rows; ++row) {
    const Slot slot = SlotOf(w, row);
    for (unsigned p = 0; p < s.bits; ++p) {
      Word* to = panels + (slot.panel * s.bits + p) * words * kPanel + slot.lane;
      const bool balanced = bits.balanced && p == 0;
      for (std::size_t column = 0; column < s.k; ++column) {
        const unsigned bit = BitOf(s, p, row, column) ^ (balanced ? BitOf(s, 1, row, column) : 0);
        to[column / kBits * kPanel] |= Word{bit} << (column % kBits);
      }
    }
  }
}

// Of products that are looked up: tables of all lines that a kernel spans are kept.
constexpr std::size_t kMostDilation = 8;
constexpr std::size_t kMostSum = 32767;

// Whether products are looked up: where tables serve enough taps and channels, and sums stay below 2^15. A kernel as
// large as its pictures uses fewer tables than this counts.
bool LooksUp(const SourceWeights& s, const Weights& w, const Kernels& kernels) {
  if (!kernels.lookup || s.bits != 1 || w.groups != 1) return false;
  if (w.geometry && std::max(w.geometry->dilations.y, w.geometry->dilations.x) > kMostDilation) return false;
  const float strides =
      w.geometry ? static_cast<float>(w.geometry->strides.y) * static_cast<float>(w.geometry->strides.x) : 1;
  const bool pixels = w.taps() == 1 && strides == 1;
  const Lookup& lookup = kernels.lookup();
  const float least_uses = (pixels ? lookup.least_pixel_uses : lookup.least_uses)[w.activation_bits / 2];
  const float uses = static_cast<float>(w.taps()) * static_cast<float>(s.rows) / kLookupChannels / strides;
  if (least_uses == 0 || uses < least_uses) return false;
  if (w.activation_bits == 1) return s.k <= kMostSum;
  std::size_t most = 0;
  for (std::size_t row = 0; row < s.rows; ++row) most = std::max(most, Ones(s, row));
  return most * ((1u << w.activation_bits) - 1) <= kMostSum;
}

void FillIndices(const SourceWeights& s, const Weights& w, const Lookup& lookup, BitWeights& bits) {
  const std::size_t channels = w.tap_channels(), groups = LookupGroups(lookup, channels);
  const std::size_t block = w.taps() * groups * kLookupChannels;
  bits.indices = AlignedArray<std::uint8_t>::Zeros((s.rows + kLookupChannels - 1) / kLookupChannels * block);
  for (std::size_t row = 0; row < s.rows; ++row) {
    std::uint8_t* to = bits.indices.data() + row / kLookupChannels * block + row % kLookupChannels;
    for (std::size_t tap = 0; tap < w.taps(); ++tap, to += groups * kLookupChannels)
      for (std::size_t channel = 0; channel < channels; ++channel)
        to[channel / lookup.index_bits * kLookupChannels] |=
            static_cast<std::uint8_t>(BitOf(s, 0, row, tap * channels + channel) << channel % lookup.index_bits);
  }
}

std::vector<std::int32_t> TapSums(const SourceWeights& s, const Weights& w) {
  std::vector<std::int32_t> sums(w.taps() * s.rows, 0);
  for (std::size_t row = 0; row < s.rows; ++row)
    for (std::size_t column = 0; column < s.k; ++column) {
      int code = 0;
      for (unsigned p = 0; p < s.bits; ++p) code |= static_cast<int>(BitOf(s, p, row, column)) << p;
      sums[column / w.tap_channels() * s.rows + row] += s.bits == 1 ? 1 - 2 * code : 2 * code - 3;
    }
  return sums;
}

std::vector<std::uint8_t> OrderByTerms(const SparseRows& sparse, const Weights& w) {
  std::vector<std::uint8_t> order(Panels(w) * kPanel, 0);
  for (std::size_t panel = 0; panel < Panels(w); ++panel) {
    const std::size_t first = panel % w.panels_per_group() * kPanel;
    const std::size_t row = panel / w.panels_per_group() * w.rows_per_group() + first;
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(panel * kPanel);
    const auto end = begin + static_cast<std::ptrdiff_t>(std::min(kPanel, w.rows_per_group() - first));
    std::iota(begin, end, std::uint8_t{0});
    std::stable_sort(begin, end, [&](unsigned a, unsigned b) { return sparse.terms(row + a) < sparse.terms(row + b); });
  }
  return order;
}

// Numbers of ones times what the largest code is: below 2^31, as CheckProduct has seen to.
std::vector<std::int32_t> CodeTerms(const SourceWeights& s, const Weights& w,
                                    const std::vector<std::int32_t>& tap_sums) {
  std::vector<std::int32_t> terms(Panels(w) * kPanel, 0);
  const std::int64_t k = static_cast<std::int64_t>(s.k), largest = (1 << w.activation_bits) - 1;
  for (std::size_t row = 0; row < s.rows; ++row) {
    const Slot slot = SlotOf(w, row);
    std::int64_t sum = 0;
    for (std::size_t tap = 0; tap < w.taps(); ++tap) sum += tap_sums[tap * s.rows + row];
    // A sum of k odd numbers is as odd or even as k.
    const std::int64_t ones = (s.bits == 1 ? sum - k : sum + 3 * k) / 2;
    terms[slot.panel * kPanel + slot.lane] = static_cast<std::int32_t>(largest * ones);
  }
  return terms;
}

void FoldPanels(const SourceWeights& s, const Weights& w, const Kernels& kernels, BitWeights& bits) {
  auto* words = reinterpret_cast<std::uint32_t*>(bits.panels.data());
  kernels.fold_panel({words, Panels(w) * s.bits, LaneWords(kernels, s.k), kPanel, kPanel, words});
}

BitWeights PackBits(const SourceWeights& s, const Weights& w, const Kernels& kernels) {
  BitWeights bits;
  bits.planes = s.bits;
  bits.balanced = IsBalanced(kernels, s.bits, w.activation_bits);
  if (LooksUp(s, w, kernels))
    FillIndices(s, w, kernels.lookup(), bits);
  else if (kernels.lane_bits == 32)
    FillPanels<std::uint32_t>(s, w, bits);
  else
    FillPanels<std::uint64_t>(s, w, bits);
  bits.tap_sums = TapSums(s, w);
  if (bits.panels.size() > 0) bits.code_terms = CodeTerms(s, w, bits.tap_sums);
  if (bits.panels.size() > 0 && kernels.fold_panel && !bits.balanced) FoldPanels(s, w, kernels, bits);
  for (std::size_t row = 0; row < s.rows; ++row) bits.scales.push_back(ScaleOf(s, row));
  bits.sparse = s.bits == 1 ? Residual(s) : NoTerms(s);
  for (std::size_t row = 0; w.taps() <= SparseRows::kMostTaps && row < s.rows; ++row)
    bits.sparse.ForEachTerm(row, [&](std::size_t column, float) {
      bits.sparse.taps.push_back(static_cast<std::uint8_t>(column / w.tap_channels()));
    });
  bits.order = OrderByTerms(bits.sparse, w);
  return bits;
}

ByteWeights PackBytes(const SourceWeights& s, const Weights& w) {
  ByteWeights packed;
  packed.signs = AlignedArray<std::uint64_t>::Zeros(Panels(w) * w.quads());
  for (std::size_t row = 0; row < s.rows; ++row) {
    const Slot slot = SlotOf(w, row);
    packed.scales.push_back(ScaleOf(s, row));
    std::uint64_t* to = packed.signs.data() + slot.panel * w.quads();
    for (std::size_t column = 0; column < s.k; ++column)
      to[column / 4] |= std::uint64_t{BitOf(s, 0, row, column)} << (4 * slot.lane + column % 4);
  }
  packed.sparse = Residual(s);
  return packed;
}

SignWeights PackSigns(const SourceWeights& s, const Weights& w) {
  SignWeights packed;
  packed.signs = AlignedArray<std::uint16_t>::Zeros(Panels(w) * s.k);
  packed.scales = AlignedArray<float>::Zeros(Panels(w) * kPanel);
  for (std::size_t row = 0; row < s.rows; ++row) {
    const Slot slot = SlotOf(w, row);
    packed.scales[slot.panel * kPanel + slot.lane] = ScaleOf(s, row);
    for (std::size_t column = 0; column < s.k; ++column)
      packed.signs[slot.panel * s.k + column] |= static_cast<std::uint16_t>(BitOf(s, 0, row, column) << slot.lane);
  }
  // Positions ascend by row, hence by panel; within a panel they are put in the order of columns.
  packed.exception_start.assign(Panels(w) + 1, 0);
  for (std::size_t i = 0; i < s.value_count; ++i) {
    const Slot slot = SlotOf(w, s.positions[i] / s.k);
    ++packed.exception_start[slot.panel + 1];
    packed.exceptions.push_back(
        {static_cast<std::uint32_t>(s.positions[i] % s.k), static_cast<std::uint32_t>(slot.lane), s.values[i]});
  }
  for (std::size_t p = 0; p < Panels(w); ++p) {
    packed.exception_start[p + 1] += packed.exception_start[p];
    const auto begin = packed.exceptions.begin();
    std::stable_sort(begin + static_cast<std::ptrdiff_t>(packed.exception_start[p]),
                     begin + static_cast<std::ptrdiff_t>(packed.exception_start[p + 1]),
                     [](const auto& a, const auto& b) { return a.column < b.column; });
  }
  return packed;
}

FloatWeights PackFloats(const SourceWeights& s, const Weights& w) {
  FloatWeights packed;
  packed.panels = AlignedArray<float>::Zeros(Panels(w) * s.k * kPanel);
  for (std::size_t row = 0; row < s.rows; ++row) {
    const Slot slot = SlotOf(w, row);
    for (std::size_t column = 0; column < s.k; ++column)
      packed.panels[(slot.panel * s.k + column) * kPanel + slot.lane] = s.values[row * s.k + column];
  }
  return packed;
}

void CheckValues(const SourceWeights& s) {
  for (std::size_t i = 0; i < s.value_count; ++i)
    if (!std::isfinite(s.values[i]))
      throw ContractError("the weights hold " + std::to_string(s.values[i]) + " at index " + std::to_string(i) +
                          "; every value must be finite");
  if (s.bits == 32) {
    if (s.value_count != s.rows * s.k)
      throw ContractError("weights [" + std::to_string(s.rows) + "," + std::to_string(s.k) + "] need " +
                          std::to_string(s.rows * s.k) + " values, got " + std::to_string(s.value_count));
    return;
  }
  for (std::size_t i = 0; i < s.value_count; ++i) {
    if (s.positions[i] >= s.rows * s.k)
      throw ContractError("position " + std::to_string(s.positions[i]) + " is outside " + std::to_string(s.rows * s.k) +
                          " weights");
    if (i > 0 && s.positions[i] <= s.positions[i - 1])
      throw ContractError("positions must ascend, but " + std::to_string(s.positions[i]) + " follows " +
                          std::to_string(s.positions[i - 1]));
  }
}

void CheckScales(const SourceWeights& s) {
  if (s.bits == 32) return;
  if (s.scale_count != 1 && s.scale_count != s.rows)
    throw ContractError("scales must be 1 or " + std::to_string(s.rows) + " (one per output channel), got " +
                        std::to_string(s.scale_count));
  for (std::size_t i = 0; i < s.scale_count; ++i)
    if (!(s.scales[i] > 0) || !std::isfinite(s.scales[i]))
      throw ContractError("scale " + std::to_string(s.scales[i]) + " is not a positive finite number");
}

void CheckProduct(const SourceWeights& s, unsigned activation_bits) {
  const bool quantized = activation_bits != 32;
  const bool exists = s.bits == 1 || (s.bits == 2 && activation_bits <= 4) || (s.bits == 32 && !quantized);
  if (!exists)
    throw ContractError("there is no product " + std::to_string(s.bits) + "/" + std::to_string(activation_bits));
  // |sum| <= k * (largest weight) * (2^bits - 1) must stay below 2^31.
  const double largest = (s.bits == 2 ? 3.0 : 1.0) * ((1u << (quantized ? activation_bits : 0)) - 1);
  if (static_cast<double>(s.k) * largest >= 2147483648.0)
    throw ContractError("k = " + std::to_string(s.k) + " with " + std::to_string(activation_bits) +
                        "-bit activations can exceed 32-bit sums; split the layer or use fewer bits");
}

void CheckAgainst(const ConvGeometry& g, const SourceWeights& s) {
  CheckGeometry(g);
  const std::size_t k = SizeOf({g.kernel.y, g.kernel.x, g.in_channels / g.groups});
  if (s.rows != g.out_channels || s.k != k)
    throw ContractError("weights of this convolution must be " + ToString({g.out_channels, k}) + ", got " +
                        ToString({s.rows, s.k}));
}

}  // namespace

std::size_t Weights::bytes() const {
  return std::visit([](const auto& content) { return Bytes(content); }, packed);
}

Weights PackWeights(const SourceWeights& s, unsigned activation_bits, const std::optional<ConvGeometry>& geometry,
                    const Kernels& kernels) {
  if (s.rows < 1 || s.k < 1) throw ContractError("weights " + ToString({s.rows, s.k}) + " are empty");
  CheckProduct(s, activation_bits);
  if (geometry) CheckAgainst(*geometry, s);
  CheckScales(s);
  CheckValues(s);
  Weights w;
  w.rows = s.rows;
  w.k = s.k;
  w.groups = geometry ? geometry->groups : 1;
  w.weight_bits = s.bits;
  w.activation_bits = activation_bits;
  w.geometry = geometry;
  if (geometry) w.windows = std::make_shared<Windows>();
  if (s.bits == 32)
    w.packed = PackFloats(s, w);
  else if (activation_bits == 32)
    w.packed = PackSigns(s, w);
  else if (activation_bits == 8)
    w.packed = PackBytes(s, w);
  else {
    w.packed = PackBits(s, w, kernels);
    w.setups = std::make_shared<BitSetups>();
    w.mark_setups = std::make_shared<MarkSetups>();
  }
  return w;
}

}  // namespace apb
