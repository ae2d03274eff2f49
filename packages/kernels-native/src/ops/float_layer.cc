#include "ops/float_layer.h"

#include <algorithm>

#include "ops/epilogue.h"
#include "ops/gather.h"
#include "ops/integer.h"

namespace apb {
namespace {

// Rows of a tile: a multiple of every kernel's row block, and enough that expanding a panel of signs (one
// operation per weight) costs little beside its use (one operation per weight and row).
constexpr std::size_t kFloatRows = 156;
// Part of k worked on at a time: two panels' parts take 32 KiB, about a first-level cache, and the rows' parts 156 KiB
// of the second level. Half of it costs 1 %.
constexpr std::size_t kDepth = 256;
// Panels that kernels work on at a time.
constexpr std::size_t kPair = 2;

struct FloatPanels {
  const float* values;
  std::size_t stride;  // from one panel to the next
};

// Parts of weight panels as floats.
class Panels {
 public:
  Panels(const Kernels& kernels, const Weights& weights)
      : kernels_(kernels), weights_(weights), expanded_(kPair * kDepth * kPanel) {}

  // [count][depth][kPanel] from column `first`, count <= kPair; valid until the next call.
  FloatPanels Part(std::size_t panel, std::size_t count, std::size_t first, std::size_t depth) {
    if (const auto* floats = std::get_if<FloatWeights>(&weights_.packed))
      return {floats->panels.data() + (panel * weights_.k + first) * kPanel, weights_.k * kPanel};
    constexpr std::size_t kStride = kDepth * kPanel;
    for (std::size_t p = 0; p < count; ++p)
      Expand(std::get<SignWeights>(weights_.packed), panel + p, first, depth, expanded_.data() + p * kStride);
    return {expanded_.data(), kStride};
  }

 private:
  void Expand(const SignWeights& w, std::size_t panel, std::size_t first, std::size_t depth, float* out) const {
    kernels_.expand_signs({w.signs.data() + panel * weights_.k + first, w.scales.data() + panel * kPanel, depth, out});
    const auto begin = w.exceptions.begin() + static_cast<std::ptrdiff_t>(w.exception_start[panel]);
    const auto end = w.exceptions.begin() + static_cast<std::ptrdiff_t>(w.exception_start[panel + 1]);
    auto e = std::lower_bound(begin, end, first, [](const auto& x, std::size_t column) { return x.column < column; });
    for (; e != end && e->column < first + depth; ++e) out[(e->column - first) * kPanel + e->lane] = e->value;
  }

  const Kernels& kernels_;
  const Weights& weights_;
  AlignedArray<float> expanded_;
};

}  // namespace

void RunFloatLayer(const Kernels& kernels, const Epilogue& epilogue, const Buffer& x, const Weights& weights,
                   const Window& window, const Buffer* residual, Buffer& out) {
  const std::size_t stride = RowStride(weights);
  FloatRows source(kernels, x, weights, window, kFloatRows);
  Panels panels(kernels, weights);
  AlignedArray<float> products(std::min(kFloatRows, window.positions()) * stride);
  ForEachTile(window, kFloatRows, [&](const Tile& tile) {
    for (std::size_t group = 0; group < weights.groups; ++group) {
      const float* a = source.Of(tile, group);
      for (std::size_t l = 0; l < weights.k; l += kDepth) {
        const std::size_t depth = std::min(kDepth, weights.k - l);
        for (std::size_t p = 0; p < weights.panels_per_group(); p += kPair) {
          const std::size_t count = std::min(kPair, weights.panels_per_group() - p);
          const FloatPanels b = panels.Part(group * weights.panels_per_group() + p, count, l, depth);
          float* c = products.data() + group * weights.rows_per_group() + p * kPanel;
          kernels.float_gemm({a + l, source.stride(), b.values, b.stride, count, tile.rows(), depth, l > 0, c, stride});
        }
      }
    }
    Finish(kernels, epilogue, products.data(), stride, tile.first, tile.rows(), residual, out);
  });
}

}  // namespace apb
