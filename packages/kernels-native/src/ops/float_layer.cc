#include "ops/float_layer.h"

#include <algorithm>

#include "ops/epilogue.h"
#include "ops/gather.h"
#include "ops/integer.h"

namespace apb {
namespace {

// Rows of a tile: a multiple of every kernel's row block, and enough that expanding a panel of signs (one
// operation per weight) costs little beside its use (one operation per weight and row).
constexpr std::size_t kFloatRows = 96;
// Part of k worked on at a time: a panel's part takes 16 KiB, half of a first-level cache.
constexpr std::size_t kDepth = 256;

// Parts of weight panels as floats.
class Panels {
 public:
  Panels(const Kernels& kernels, const Weights& weights)
      : kernels_(kernels), weights_(weights), expanded_(kDepth * kPanel) {}

  // [depth][kPanel] from column `first`; valid until the next call.
  const float* Part(std::size_t panel, std::size_t first, std::size_t depth) {
    if (const auto* floats = std::get_if<FloatWeights>(&weights_.packed))
      return floats->panels.data() + (panel * weights_.k + first) * kPanel;
    return Expand(std::get<SignWeights>(weights_.packed), panel, first, depth);
  }

 private:
  const float* Expand(const SignWeights& w, std::size_t panel, std::size_t first, std::size_t depth) {
    kernels_.expand_signs({w.signs.data() + panel * weights_.k + first, w.scales.data() + panel * kPanel,
                           depth, expanded_.data()});
    const auto begin = w.exceptions.begin() + static_cast<std::ptrdiff_t>(w.exception_start[panel]);
    const auto end = w.exceptions.begin() + static_cast<std::ptrdiff_t>(w.exception_start[panel + 1]);
    auto e = std::lower_bound(begin, end, first,
                              [](const auto& x, std::size_t column) { return x.column < column; });
    for (; e != end && e->column < first + depth; ++e)
      expanded_[(e->column - first) * kPanel + e->lane] = e->value;
    return expanded_.data();
  }

  const Kernels& kernels_;
  const Weights& weights_;
  AlignedArray<float> expanded_;
};

}  // namespace

void RunFloatLayer(const Kernels& kernels, const Epilogue& epilogue, const Buffer& x, const Weights& weights,
                   const Window& window, const Buffer* residual, Buffer& out) {
  const std::size_t stride = RowStride(weights);
  FloatRows source(x, weights, window, kFloatRows);
  Panels panels(kernels, weights);
  AlignedArray<float> products(kFloatRows * stride);
  ForEachTile(window, kFloatRows, [&](const Tile& tile) {
    for (std::size_t group = 0; group < weights.groups; ++group) {
      const float* a = source.Of(tile, group);
      for (std::size_t l = 0; l < weights.k; l += kDepth) {
        const std::size_t depth = std::min(kDepth, weights.k - l);
        for (std::size_t p = 0; p < weights.panels_per_group(); ++p) {
          const float* b = panels.Part(group * weights.panels_per_group() + p, l, depth);
          float* c = products.data() + group * weights.rows_per_group() + p * kPanel;
          kernels.float_gemm({a + l, weights.k, b, tile.rows(), depth, l > 0, c, stride});
        }
      }
    }
    Finish(kernels, epilogue, products.data(), stride, tile.first, tile.rows(), residual, out);
  });
}

}  // namespace apb
