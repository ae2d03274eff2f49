#include "ops/bit_layer.h"

#include <algorithm>

#include "ops/epilogue.h"
#include "ops/gather.h"
#include "ops/inside.h"
#include "ops/integer.h"
#include "ops/panel.h"
#include "ops/sparse.h"

namespace apb {
namespace {

// A panel of output channels of one group.
struct Channels {
  std::size_t panel, first, count;
};

// Works on one tile of output positions after another; a thread has its own.
class TileWorker {
 public:
  TileWorker(const Kernels& kernels, const Buffer& x, const Weights& weights, const Window& window)
      : kernels_(kernels),
        weights_(weights),
        encoding_(x.encoding()),
        source_(x, weights, window, kTileRows),
        inside_sums_(kernels, weights, encoding_),
        panel_(PanelBytes(kernels, encoding_.bits, weights.k)),
        ones_(encoding_.sign ? 0 : LaneWords(kernels, weights.k) * kPanel * (kernels.lane_bits / 8)) {
    std::fill(panel_.data(), panel_.data() + panel_.size(), std::uint8_t{0});
    std::fill(ones_.data(), ones_.data() + ones_.size(), std::uint8_t{0xff});
  }

  // Calls visit(channels, acc) with the exact products [count][kTileRows] of every panel of channels.
  template <typename Visit>
  void ForEachPanel(const Tile& tile, Visit visit) {
    LookInside(tile);
    const std::size_t group_rows = weights_.rows_per_group();
    for (std::size_t group = 0; group < weights_.groups; ++group) {
      Pack(tile, group);
      for (std::size_t p = 0; p < weights_.panels_per_group(); ++p) {
        const Channels channels = {group * weights_.panels_per_group() + p, group * group_rows + p * kPanel,
                                   std::min(kPanel, group_rows - p * kPanel)};
        MultiplyPanel(kernels_, weights_, channels.panel, channels.count, tile_, acc_, kTileRows);
        if (encoding_.sign) CorrectBorders(channels);
        visit(channels, acc_);
      }
    }
  }

  const ActivationTile& tile() const { return tile_; }
  const Inside* const* inside() const { return inside_; }
  // What SparseTerms takes; signs of more than 32 taps at a border take the long way instead.
  const std::uint32_t* taps() const { return encoding_.sign && borders_ > 0 && !many_taps() ? taps_ : nullptr; }
  bool many_taps() const { return encoding_.sign && borders_ > 0 && weights_.taps() > 32; }

 private:
  void LookInside(const Tile& tile) {
    borders_ = 0;
    for (std::size_t i = 0; i < tile.rows(); ++i) {
      inside_[i] = &inside_sums_.Of(tile.patches[i]);
      taps_[i] = inside_[i]->taps;
      if (!inside_[i]->corrections.empty()) border_rows_[borders_++] = i;
    }
  }

  void Pack(const Tile& tile, std::size_t group) {
    PackPanel(kernels_, source_.Of(tile, group), tile.rows(), encoding_.bits, weights_.k, panel_.data());
    tile_ = {panel_.data(), tile.rows(), encoding_.bits, encoding_.sign, nullptr};
    if (encoding_.sign) return;
    FillTerms(kernels_, weights_.weight_bits, tile_, weights_.k, ones_.data(), terms_);
    tile_.terms = terms_;
  }

  // Takes back what signs of taps outside the picture, whose bits are 0, were counted for.
  void CorrectBorders(const Channels& channels) {
    for (std::size_t b = 0; b < borders_; ++b) {
      const std::size_t i = border_rows_[b];
      const std::int32_t* corrections = inside_[i]->corrections.data() + channels.first;
      for (std::size_t j = 0; j < channels.count; ++j) acc_[j * kTileRows + i] += corrections[j];
    }
  }

  const Kernels& kernels_;
  const Weights& weights_;
  const Encoding encoding_;
  BitRows source_;
  InsideSums inside_sums_;
  AlignedArray<std::uint8_t> panel_, ones_;
  ActivationTile tile_{};
  const Inside* inside_[kTileRows];
  std::uint32_t taps_[kTileRows] = {};
  std::size_t border_rows_[kTileRows];
  std::size_t borders_ = 0;
  alignas(64) std::int32_t terms_[kTileRows];
  alignas(64) std::int32_t acc_[kPanel * kTileRows];
};

// Exact products -> floats, of one panel of channels after another:
// fl(fl(alpha * step) * float(acc)) + fl(fl(alpha * base) * float(S)) + fl(fl(step * T) + fl(base * R)), later terms
// only where base is not 0 and where the channel has full-precision weights.
class Scaler {
 public:
  Scaler(const Kernels& kernels, const Weights& weights, const Encoding& encoding, const TileWorker& worker)
      : kernels_(kernels),
        weights_(weights),
        bits_(std::get<BitWeights>(weights.packed)),
        encoding_(encoding),
        worker_(worker) {}

  // acc: [channels][kTileRows]   y: [channels][kTileRows]
  void Panel(const Channels& channels, const std::int32_t* acc, float* y) const {
    const SparseDotArgs terms = SparseTerms(kernels_, weights_, worker_.tile(), worker_.taps());
    const std::uint8_t* order = bits_.order.data() + channels.panel * kPanel;
    if (kernels_.scale_panel && encoding_.base == 0 && !worker_.many_taps()) {
      kernels_.scale_panel({acc, channels.count, order, bits_.scales.data() + channels.first, encoding_.step,
                            bits_.sparse.row_start.data() + channels.first, terms, y, kTileRows});
      return;
    }
    for (std::size_t i = 0; i < channels.count; ++i) {
      const std::size_t j = order[i];
      Row(channels.first + j, terms, acc + j * kTileRows, y + j * kTileRows);
    }
  }

 private:
  void Row(std::size_t n, const SparseDotArgs& terms, const std::int32_t* acc, float* y) const {
    const std::size_t rows = worker_.tile().rows;
    const float alpha_step = bits_.scales[n] * encoding_.step;
    alignas(64) float sums[kTileRows];
    const bool sparse = bits_.sparse.terms(n) > 0;
    if (sparse && worker_.many_taps())
      SparseSumsOfManyTaps(kernels_, weights_, n, worker_.tile(), worker_.inside(), sums);
    else if (sparse)
      SparseSums(kernels_, weights_, n, terms, sums);
    if (encoding_.base == 0) {
      kernels_.scale_row({acc, sparse ? sums : nullptr, alpha_step, encoding_.step, rows, y});
      return;
    }
    for (std::size_t i = 0; i < rows; ++i) {
      const float product = alpha_step * static_cast<float>(acc[i]);
      y[i] = product + worker_.inside()[i]->base_terms[n];
      if (!sparse) continue;
      const float part = encoding_.step * sums[i];
      y[i] += part + worker_.inside()[i]->sparse_base_terms[n];
    }
  }

  const Kernels& kernels_;
  const Weights& weights_;
  const BitWeights& bits_;
  const Encoding encoding_;
  const TileWorker& worker_;
};

// to[i * stride + j] = from[j * kTileRows + i], of int32 or float32
void Turn(const Kernels& kernels, const void* from, std::size_t channels, std::size_t rows, void* to,
          std::size_t stride) {
  kernels.transpose({static_cast<const std::uint32_t*>(from), kTileRows, channels, rows,
                     static_cast<std::uint32_t*>(to), stride});
}

}  // namespace

void RunBitLayer(const Kernels& kernels, const Epilogue& epilogue, const Buffer& x, const Weights& weights,
                 const Window& window, const Buffer* residual, Buffer& out) {
  TileWorker worker(kernels, x, weights, window);
  const Scaler scaler(kernels, weights, x.encoding(), worker);
  AlignedArray<float> products(kTileRows * weights.rows);  // [row][channel]
  ForEachTile(window, kTileRows, [&](const Tile& tile) {
    worker.ForEachPanel(tile, [&](const Channels& channels, const std::int32_t* acc) {
      alignas(64) float y[kPanel * kTileRows];
      scaler.Panel(channels, acc, y);
      Turn(kernels, y, channels.count, tile.rows(), products.data() + channels.first, weights.rows);
    });
    Finish(kernels, epilogue, products.data(), weights.rows, tile.first, tile.rows(), residual, out);
  });
}

void RunBitProducts(const Kernels& kernels, const Buffer& x, const Weights& weights, std::int32_t* out) {
  const Window window = MatrixWindow(x.rows());
  TileWorker worker(kernels, x, weights, window);
  ForEachTile(window, kTileRows, [&](const Tile& tile) {
    worker.ForEachPanel(tile, [&](const Channels& channels, const std::int32_t* acc) {
      Turn(kernels, acc, channels.count, tile.rows(), out + tile.first * weights.rows + channels.first,
           weights.rows);
    });
  });
}

}  // namespace apb
