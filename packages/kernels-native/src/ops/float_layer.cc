#include "ops/float_layer.h"

#include <algorithm>

#include "base/scratch.h"
#include "ops/epilogue.h"
#include "ops/float_rows.h"

namespace apb {
namespace {

// Rows of a tile: as many as have their products in a part of the second-level cache, between bounds. So many that
// expanding a panel of signs (one operation per weight) costs little beside its use (one operation per weight and row),
// and that the columns at the edges of a picture, of several lines together, fill a kernel (the first convolution of
// ResNet-18: 448 rows are 6 % faster than 156).
constexpr std::size_t kMostRows = 448;
constexpr std::size_t kLeastRows = 156;
constexpr std::size_t kProductBytes = std::size_t{1} << 18;
// Part of k worked on at a time: two panels' parts take 32 KiB, about a first-level cache, and the rows' parts 156 KiB
// of the second level. Half of it costs 1 %.
constexpr std::size_t kDepth = 256;
// Panels that kernels work on at a time.
constexpr std::size_t kPair = 2;

// Of a tile whose rows have `stride` products.
std::size_t MostRows(std::size_t stride) {
  return std::min(kMostRows, std::max(kLeastRows, kProductBytes / (stride * sizeof(float))));
}

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
  ScratchArray<float> expanded_;
};

// Whether sums of one part of k can go straight to the output, scaled, shifted and bounded.
bool FinishesAtOnce(const Kernels& kernels, const Epilogue& epilogue, const Weights& weights, const Buffer* residual) {
  return kernels.finished_gemm && !residual && !epilogue.quantizer && weights.k <= kDepth &&
         weights.rows_per_group() % kPanel == 0 && epilogue.activation.kind != Activation::Kind::kPrelu;
}

}  // namespace

void RunFloatLayer(const Kernels& kernels, const Epilogue& epilogue, const Buffer& x, const Weights& weights,
                   const Window& window, const Buffer* residual, Buffer& out) {
  const std::size_t stride = RowStride(weights), end = std::min(window.end, window.positions());
  const std::size_t most = std::min(window.positions(), MostRows(stride));
  FloatRows rows(x, weights, window, most, kDepth);
  Panels panels(kernels, weights);
  const bool at_once = FinishesAtOnce(kernels, epilogue, weights, residual);
  const Bounds bounds = BoundsOf(epilogue.activation);
  ScratchArray<float> products(at_once ? 0 : most * stride);
  for (std::size_t first = window.begin, count = 0; first < end; first += count) {
    count = rows.Begin(first);
    for (std::size_t group = 0; group < weights.groups; ++group)
      for (std::size_t l = 0; l < weights.k; l += kDepth) {
        const std::size_t depth = std::min(kDepth, weights.k - l);
        const std::vector<FloatSegment>& segments = rows.Part(group, l, depth);
        for (std::size_t p = 0; p < weights.panels_per_group(); p += kPair) {
          const std::size_t pair = std::min(kPair, weights.panels_per_group() - p);
          const FloatPanels b = panels.Part(group * weights.panels_per_group() + p, pair, l, depth);
          const std::size_t n = group * weights.rows_per_group() + p * kPanel;
          const std::size_t ldc = at_once ? weights.rows : stride;
          float* c = (at_once ? out.floats() + first * ldc : products.data()) + n;
          for (const FloatSegment& s : segments) {
            FloatGemmArgs args = {s.a,  s.lda,  s.runs.data(), s.runs.size(),   b.values,        b.stride,
                                  pair, s.rows, l > 0,         c + s.row * ldc, s.row_step * ldc};
            if (!at_once) {
              kernels.float_gemm(args);
              continue;
            }
            args.scale = epilogue.scale.data() + n;
            args.shift = epilogue.shift.data() + n;
            args.bounded = bounds.any;
            args.low = bounds.low;
            args.high = bounds.high;
            kernels.finished_gemm(args);
          }
        }
      }
    if (!at_once) Finish(kernels, epilogue, products.data(), stride, first, count, residual, out);
  }
}

}  // namespace apb
