#include "ops/byte_layer.h"

#include <algorithm>
#include <cstring>

#include "base/scratch.h"
#include "ops/epilogue.h"
#include "ops/gather.h"
#include "ops/inside.h"

namespace apb {
namespace {

// Rows of a tile, at most kByteRows: four blocks of the widest kernel. Twice as many no longer fit the first-level
// cache for k = 576 and cost 2 %.
constexpr std::size_t kTile = 52;

// Rows of codes of one group of a tile.
struct Codes {
  const std::uint8_t* values;
  std::size_t stride;
  std::size_t rows;
};

// Panels write beyond the last channel of a group: groups ascend, so that the next one overwrites it.
void MultiplyGroup(const Kernels& kernels, const Weights& weights, std::size_t group, const Codes& codes,
                   std::int32_t* acc, std::size_t stride) {
  const std::size_t panels = weights.panels_per_group(), quads = weights.quads();
  const std::uint64_t* signs = std::get<ByteWeights>(weights.packed).signs.data() + group * panels * quads;
  kernels.byte_gemm(
      {codes.values, codes.stride, signs, panels, codes.rows, quads, acc + group * weights.rows_per_group(), stride});
}

// What the sparse residual adds to a tile, fl(fl(step * T) + fl(base * R)), the latter only where base is not 0.
class SparsePart {
 public:
  SparsePart(const Kernels& kernels, const Weights& weights, const Encoding& encoding)
      : kernels_(kernels),
        weights_(weights),
        sparse_(std::get<ByteWeights>(weights.packed).sparse),
        encoding_(encoding),
        stride_(RowStride(weights)) {
    if (sparse_.values.empty()) return;
    codes_ = ScratchArray<std::uint32_t>::Zeros(weights.quads() * kByteRows);
    parts_ = ScratchArray<float>(kTile * stride_);
  }

  bool empty() const { return sparse_.values.empty(); }

  // Fills in the channels of a group. inside: [rows], or null where base is 0
  void Fill(std::size_t group, const Codes& codes, const Inside* const* inside) {
    // Quads of a row as words side by side: processors and files are little-endian here.
    kernels_.transpose({reinterpret_cast<const std::uint32_t*>(codes.values), codes.stride / 4, codes.rows,
                        weights_.quads(), codes_.data(), kByteRows});
    const std::size_t begin = group * weights_.rows_per_group(), end = begin + weights_.rows_per_group();
    for (std::size_t first = begin; first < end; first += kPanel)
      FillPanel(first, std::min(kPanel, end - first), codes.rows, inside);
  }

  // [channels] of a row. -0 where nothing is sparse: x + -0 is x for every x, x + 0 is not.
  const float* Row(std::size_t i) const { return parts_.data() + i * stride_; }

 private:
  void FillPanel(std::size_t first, std::size_t channels, std::size_t rows, const Inside* const* inside) {
    alignas(64) float panel[kPanel * kByteRows];
    for (std::size_t j = 0; j < channels; ++j) Channel(first + j, rows, inside, panel + j * kByteRows);
    kernels_.transpose({reinterpret_cast<const std::uint32_t*>(panel), kByteRows, channels, rows,
                        reinterpret_cast<std::uint32_t*>(parts_.data() + first), stride_});
  }

  void Channel(std::size_t n, std::size_t rows, const Inside* const* inside, float* part) const {
    if (sparse_.terms(n) == 0) {
      std::fill(part, part + rows, -0.0f);
      return;
    }
    sparse_.ForEachBlock(n, [&](std::size_t first, std::size_t count, std::size_t block) {
      const std::uint32_t* codes = codes_.data() + block * (SparseRows::kBlockColumns / 4) * kByteRows;
      kernels_.byte_dot(
          {sparse_.columns.data() + first, sparse_.values.data() + first, count, codes, rows, part, block > 0});
    });
    for (std::size_t i = 0; i < rows; ++i) part[i] *= encoding_.step;
    if (!inside) return;
    for (std::size_t i = 0; i < rows; ++i) part[i] += inside[i]->sparse_base_terms[n];
  }

  const Kernels& kernels_;
  const Weights& weights_;
  const SparseRows& sparse_;
  const Encoding encoding_;
  const std::size_t stride_;
  ScratchArray<std::uint32_t> codes_;  // [quads][kByteRows]
  ScratchArray<float> parts_;          // [kTile][stride_]
};

// Works on one tile of output positions after another; a thread has its own.
class TileWorker {
 public:
  TileWorker(const Kernels& kernels, const Buffer& x, const Weights& weights, const Window& window)
      : kernels_(kernels),
        weights_(weights),
        window_(window),
        encoding_(x.encoding()),
        stride_(RowStride(weights)),
        source_(kernels, x, weights, window, kTile),
        inside_sums_(kernels, weights, encoding_, window),
        sparse_(kernels, weights, encoding_),
        scales_(std::get<ByteWeights>(weights.packed).scales),
        acc_(std::min(kTile, window.positions()) * stride_) {
    for (float& scale : scales_) scale *= encoding_.step;
  }

  std::size_t stride() const { return stride_; }
  // fl(alpha * step) of every channel.
  const float* scales() const { return scales_.data(); }
  // Whether products are more than scales times integers.
  bool has_terms() const { return encoding_.base != 0 || !sparse_.empty(); }

  // [rows][stride()], exact.
  const std::int32_t* Multiply(const Tile& tile) {
    for (std::size_t group = 0; group < weights_.groups; ++group)
      MultiplyGroup(kernels_, weights_, group, CodesOf(tile, group), acc_.data(), stride_);
    return acc_.data();
  }

  // fl(fl(alpha * step) * float(acc)) + fl(fl(alpha * base) * float(S)) + sparse part, the second only where base is
  // not 0, the third only in channels with full-precision weights. products: [rows][stride()]
  void Products(const Tile& tile, float* products) {
    const bool based = encoding_.base != 0;
    if (based)
      for (std::size_t i = 0; i < tile.rows(); ++i) inside_[i] = &InsideOf(tile.first + i);
    for (std::size_t group = 0; group < weights_.groups; ++group) {
      const Codes codes = CodesOf(tile, group);
      MultiplyGroup(kernels_, weights_, group, codes, acc_.data(), stride_);
      if (!sparse_.empty()) sparse_.Fill(group, codes, based ? inside_ : nullptr);
    }
    for (std::size_t i = 0; i < tile.rows(); ++i) {
      const std::int32_t* acc = acc_.data() + i * stride_;
      float* y = products + i * stride_;
      for (std::size_t n = 0; n < weights_.rows; ++n) y[n] = scales_[n] * static_cast<float>(acc[n]);
      if (based) Add(inside_[i]->base_terms.data(), y);
      if (!sparse_.empty()) Add(sparse_.Row(i), y);
    }
  }

 private:
  const Inside& InsideOf(std::size_t position) const {
    const std::size_t columns = window_.x.outputs();
    return inside_sums_.Of(position / columns % window_.y.outputs(), position % columns);
  }

  Codes CodesOf(const Tile& tile, std::size_t group) {
    const std::uint8_t* values = source_.Of(tile, group);
    return {values, source_.stride(), tile.rows()};
  }

  void Add(const float* terms, float* y) const {
    for (std::size_t n = 0; n < weights_.rows; ++n) y[n] += terms[n];
  }

  const Kernels& kernels_;
  const Weights& weights_;
  const Window& window_;
  const Encoding encoding_;
  const std::size_t stride_;
  ByteRows source_;
  const InsideSums inside_sums_;
  SparsePart sparse_;
  std::vector<float> scales_;  // fl(alpha * step)
  ScratchArray<std::int32_t> acc_;
  const Inside* inside_[kTile];
};

}  // namespace

void RunByteLayer(const Kernels& kernels, const Epilogue& epilogue, const Buffer& x, const Weights& weights,
                  const Window& window, const Buffer* residual, Buffer& out) {
  TileWorker worker(kernels, x, weights, window);
  ScratchArray<float> products(std::min(kTile, window.positions()) * worker.stride());
  ForEachTile(window, kTile, [&](const Tile& tile) {
    if (!worker.has_terms())
      return FinishIntegers(kernels, epilogue, worker.scales(), worker.Multiply(tile), worker.stride(), tile.first,
                            tile.rows(), residual, products.data(), out);
    worker.Products(tile, products.data());
    Finish(kernels, epilogue, products.data(), worker.stride(), tile.first, tile.rows(), residual, out);
  });
}

void RunByteProducts(const Kernels& kernels, const Buffer& x, const Weights& weights, std::int32_t* out) {
  const Window window = MatrixWindow(x.rows());
  TileWorker worker(kernels, x, weights, window);
  ForEachTile(window, kTile, [&](const Tile& tile) {
    const std::int32_t* acc = worker.Multiply(tile);
    for (std::size_t i = 0; i < tile.rows(); ++i)
      std::memcpy(out + (tile.first + i) * weights.rows, acc + i * worker.stride(),
                  weights.rows * sizeof(std::int32_t));
  });
}

}  // namespace apb
