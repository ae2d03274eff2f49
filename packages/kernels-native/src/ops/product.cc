#include "ops/product.h"

#include <algorithm>
#include <optional>

#include "base/pool.h"
#include "ops/lookup_product.h"
#include "ops/panel.h"
#include "ops/sparse.h"

namespace apb {

ActivationTile PackedActivations::Tile(const Kernels& kernels, std::size_t index) const {
  const std::uint8_t* panel = panels.data() + index * PanelBytes(kernels, planes, k);
  return {panel, panel, std::min(kTileRows, rows - index * kTileRows), planes, sign};
}

PackedActivations PackActivations(const Kernels& kernels, const std::uint64_t* rows, std::size_t count, unsigned planes,
                                  bool sign, const Weights& weights) {
  const std::size_t k = weights.k, tiles = (count + kTileRows - 1) / kTileRows, row = planes * ((k + 63) / 64);
  const std::size_t bytes = PanelBytes(kernels, planes, k);
  PackedActivations packed = {count, k, planes, sign, AlignedArray<std::uint8_t>::Zeros(tiles * bytes), {}, {}};
  for (std::size_t t = 0; t < tiles; ++t) {
    const std::size_t first = t * kTileRows, tile_rows = std::min(kTileRows, count - first);
    std::uint8_t* panel = packed.panels.data() + t * bytes;
    PackPanel(kernels, rows + first * row, tile_rows, planes, k, panel);
    if (ArrangesPanels(kernels, weights)) ArrangePanel(kernels, weights, panel, tile_rows, panel);
  }
  if (!weights.looked_up()) return packed;
  packed.pixels = AlignedArray<std::uint64_t>(count * row);
  std::copy_n(rows, count * row, packed.pixels.data());
  packed.terms = AlignedArray<std::int32_t>(tiles * kTileRows);
  if (sign) {
    std::fill_n(packed.terms.data(), tiles * kTileRows, static_cast<std::int32_t>(k));
    return packed;
  }
  AlignedArray<std::uint8_t> ones(LaneWords(kernels, k) * kPanel * (kernels.lane_bits / 8));
  std::fill(ones.data(), ones.data() + ones.size(), std::uint8_t{0xff});
  for (std::size_t t = 0; t < tiles; ++t)
    SumCodes(kernels, packed.Tile(kernels, t), k, ones.data(), packed.terms.data() + t * kTileRows);
  return packed;
}

namespace {

// Panels of activations are read in turn, once each: the next one is fetched past the second-level cache, which so
// keeps the products that are being written.
void Fetch(const std::uint8_t* from, std::size_t bytes) {
#if defined(__GNUC__)
  for (std::size_t i = 0; i < bytes; i += kAlignment) __builtin_prefetch(from + i, 0, 0);
#else
  static_cast<void>(from), static_cast<void>(bytes);
#endif
}

PixelPlanes PlanesOf(const PackedActivations& a) { return {a.pixels.data(), (a.k + 63) / 64, a.planes, a.sign}; }

void LookUp(const Kernels& kernels, const PackedActivations& a, const Weights& weights, std::int32_t* out) {
  const std::size_t stride = ProductStride(a.rows), tiles = (a.rows + kTileRows - 1) / kTileRows;
  ParallelRows(kernels.threads, tiles, a.k * kTileRows, [&](std::size_t begin, std::size_t count) {
    Window window = MatrixWindow(a.rows);
    window.begin = begin * kTileRows;
    window.end = window.begin + count * kTileRows;
    LookupProduct product(kernels, weights, PlanesOf(a), window);
    ForEachBitTile(window, kernels.row_group, [&](const BitTile& tile) {
      const std::size_t first = tile.begin()->position;
      product.Sum(tile);
      for (std::size_t block = 0; block < product.blocks(); ++block)
        product.Products(block, tile.rows(), a.terms.data() + first, out + block * kLookupChannels * stride + first,
                         stride);
    });
  });
}

}  // namespace

void MultiplyPacked(const Kernels& kernels, const PackedActivations& a, const Weights& weights, std::int32_t* out) {
  if (weights.looked_up()) return LookUp(kernels, a, weights, out);
  const std::size_t stride = ProductStride(a.rows);
  const std::size_t bytes = PanelBytes(kernels, a.planes, a.k), tiles = (a.rows + kTileRows - 1) / kTileRows;
  const std::size_t part = bytes / ((weights.rows + kPanel - 1) / kPanel) + kAlignment;  // beside a weight panel
  ParallelRows(kernels.threads, tiles, a.k * kTileRows, [&](std::size_t begin, std::size_t count) {
    PanelProduct product(kernels, weights, a.sign);
    for (std::size_t index = begin; index < begin + count; ++index) {
      product.SetTile(a.Tile(kernels, index), stride);
      const std::uint8_t *next = a.panels.data() + (index + 1) * bytes, *end = next + (index + 1 < tiles ? bytes : 0);
      for (std::size_t n = 0; n < weights.rows; n += kPanel) {
        const std::size_t fetched = std::min(part, static_cast<std::size_t>(end - next));
        Fetch(next, fetched);
        next += fetched;
        product.Multiply(n / kPanel, std::min(kPanel, weights.rows - n), out + n * stride + index * kTileRows);
      }
    }
  });
}

namespace {

// Of one tile: y[c * stride + i] from acc [channels of a panel][kTileRows], for the panel of channels from n.
void AddSparse(const Kernels& kernels, const Weights& weights, std::size_t n, const std::int32_t* acc,
               SparseDotArgs& terms, float* y, std::size_t stride) {
  const BitWeights& bits = std::get<BitWeights>(weights.packed);
  const std::size_t channels = std::min(kPanel, weights.rows - n);
  if (kernels.scale_panel && bits.sparse.blocks == 1)
    return kernels.scale_panel({acc, channels, bits.order.data() + n, bits.scales.data() + n,
                                bits.sparse.row_start.data() + n, terms, y, stride});
  alignas(64) float sums[kTileRows];
  for (std::size_t i = 0; i < channels; ++i) {
    const std::size_t j = bits.order[n + i];
    const bool sparse = bits.sparse.terms(n + j) > 0;
    if (sparse) SparseSums(kernels, weights, n + j, terms, sums);
    kernels.scale_row(
        {acc + j * kTileRows, sparse ? sums : nullptr, bits.scales[n + j], 1.0f, terms.items, y + j * stride});
  }
}

}  // namespace

void MultiplySparse(const Kernels& kernels, const std::uint64_t* rows, std::size_t count, const Weights& weights,
                    float* out) {
  const std::size_t stride = ProductStride(count), words = (weights.k + 63) / 64;
  const Window window = MatrixWindow(count);
  const PixelPlanes pixels = {rows, words, 1, true};
  const bool arranges = ArrangesPanels(kernels, weights);
  AlignedArray<std::uint8_t> panel(PanelBytes(kernels, 1, weights.k)), arranged(arranges ? panel.size() : 0);
  PanelProduct product(kernels, weights, true);
  std::optional<LookupProduct> lookup;
  if (weights.looked_up()) lookup.emplace(kernels, weights, pixels, window);
  alignas(64) std::int32_t starts[kTileRows];  // of products that are looked up
  std::fill(starts, starts + kTileRows, static_cast<std::int32_t>(weights.k));
  alignas(64) std::int32_t acc[kLookupChannels * kTileRows];  // of a panel, or a block of them
  ForEachBitTile(window, kernels.row_group, [&](const BitTile& tile) {
    const std::size_t first = tile.begin()->position;
    PackPanel(kernels, rows + first * words, tile.rows(), 1, weights.k, panel.data());
    if (arranges) ArrangePanel(kernels, weights, panel.data(), tile.rows(), arranged.data());
    const ActivationTile packed = {panel.data(), (arranges ? arranged : panel).data(), tile.rows(), 1, true};
    SparseDotArgs terms = SparseTerms(kernels, weights, packed, nullptr, nullptr);
    terms.step = 1;
    if (lookup)
      lookup->Sum(tile);
    else
      product.SetTile(packed, kTileRows);
    for (std::size_t n = 0; n < weights.rows; n += kPanel) {
      if (!lookup)
        product.Multiply(n / kPanel, std::min(kPanel, weights.rows - n), acc);
      else if (n % kLookupChannels == 0)
        lookup->Products(n / kLookupChannels, tile.rows(), starts, acc, kTileRows);
      const std::size_t within = lookup ? n % kLookupChannels : 0;
      AddSparse(kernels, weights, n, acc + within * kTileRows, terms, out + n * stride + first, stride);
    }
  });
}

}  // namespace apb
