#include "ops/bit_layer.h"

#include <algorithm>

#include "base/scratch.h"
#include "ops/bit_tiles.h"
#include "ops/epilogue.h"
#include "ops/integer.h"
#include "ops/lookup_product.h"
#include "ops/marker.h"
#include "ops/panel.h"
#include "ops/panel_finisher.h"
#include "ops/sparse.h"
#include "ops/tile_panel.h"

namespace apb {
namespace {

// Border rows of a tile that are corrected one by one; for more there may be a kernel.
constexpr std::size_t kFewBorders = 4;
// Sparse terms of a layer whose masks cost more than tiles for the border of their own.
constexpr std::size_t kManyTerms = 200;

// Works on one tile of output positions after another; a thread has its own.
class TileWorker {
 public:
  TileWorker(const Kernels& kernels, const BitInput& input, const Weights& weights, const Window& window)
      : kernels_(kernels),
        weights_(weights),
        window_(window),
        input_(input),
        encoding_(input.x.encoding()),
        alike_(window.all_inside()),
        lines_inside_(window.y),
        columns_inside_(window.x),
        product_(kernels, weights, encoding_.sign),
        inside_sums_(input.setup->inside),
        whole_(inside_sums_.Whole()),
        panel_(kernels, input, weights, window),
        taps_(encoding_.sign && weights_.sparse_terms() > 0 && weights.taps() <= SparseRows::kMostTaps
                  ? weights.taps() * kTileRows
                  : 0),
        ones_(weights.looked_up() && !encoding_.sign ? LaneWords(kernels, weights.k) * kPanel * (kernels.lane_bits / 8)
                                                     : 0) {
    std::fill(ones_.data(), ones_.data() + ones_.size(), std::uint8_t{0xff});
    if (weights.looked_up()) {
      const PixelPlanes pixels = {input.x.words(), input.x.words_per_plane(), encoding_.bits, encoding_.sign};
      lookup_.emplace(kernels, weights, pixels, window);
    }
    std::fill(inside_, inside_ + kTileRows, &whole_);
    std::fill(taps_.data(), taps_.data() + taps_.size(), ~std::uint32_t{0});
  }

  // Calls visit(tile) for all positions of the window. Where signs meet padding, every sparse term needs a mask: such
  // positions are kept apart as long as the others fill a tile, but not where lines of tables would be made twice for
  // it.
  template <typename Visit>
  void ForEachTile(Visit visit) const {
    if (!lookup_ && NeedsInside() && encoding_.sign && weights_.sparse_terms() >= kManyTerms &&
        window_.batch * lines_inside_.count() * columns_inside_.count() >= kTileRows)
      ForEachBitTileApart(window_, lines_inside_, columns_inside_, visit);
    else
      ForEachBitTile(window_, kernels_.row_group, visit);
  }

  // Calls visit(channels, acc) with the exact products [count][kTileRows] of every panel of channels.
  template <typename Visit>
  void ForEachPanel(const BitTile& tile, Visit visit) {
    LookInside(tile);
    if (lookup_) return ForEachLookedUpPanel(tile, visit);
    const std::size_t group_rows = weights_.rows_per_group();
    for (std::size_t group = 0; group < weights_.groups; ++group) {
      Pack(tile, group);
      product_.SetTile(panel_.tile(), kTileRows);
      for (std::size_t p = 0; p < weights_.panels_per_group(); ++p) {
        const Channels channels = {group * weights_.panels_per_group() + p, group * group_rows + p * kPanel,
                                   std::min(kPanel, group_rows - p * kPanel)};
        product_.Multiply(channels.panel, channels.count, acc_);
        if (encoding_.sign) CorrectBorders(channels);
        visit(channels, acc_);
      }
    }
  }

  const ActivationTile& tile() const { return panel_.tile(); }
  // Of the sparse weights of all channels, with the encoding's step.
  const SparseDotArgs& terms() const { return terms_of_sparse_; }
  const Inside* const* inside() const { return inside_; }
  // Signs of so many taps at a border take the long way.
  bool many_taps() const { return encoding_.sign && borders_ > 0 && weights_.taps() > SparseRows::kMostTaps; }

 private:
  // The same where products are looked up, for blocks of several panels.
  template <typename Visit>
  void ForEachLookedUpPanel(const BitTile& tile, Visit visit) {
    Pack(tile, 0);
    if (!encoding_.sign)
      SumCodes(kernels_, panel_.tile(), weights_.k, ones_.data(), terms_);
    else
      for (std::size_t i = 0; i < tile.rows(); ++i)
        terms_[i] =
            static_cast<std::int32_t>(weights_.tap_channels() * inside_[i]->ky.count() * inside_[i]->kx.count());
    lookup_->Sum(tile);
    for (std::size_t block = 0; block < lookup_->blocks(); ++block) {
      lookup_->Products(block, tile.rows(), terms_, acc_, kTileRows);
      for (std::size_t i = 0; i < kLookupChannels; i += kPanel) {
        const std::size_t first = block * kLookupChannels + i;
        if (first >= weights_.rows) return;
        visit(Channels{first / kPanel, first, std::min(kPanel, weights_.rows - first)},
              static_cast<const std::int32_t*>(acc_ + i * kTileRows));
      }
    }
  }

  // Codes of zero padding add nothing unless they stand for something else than 0.
  bool NeedsInside() const { return !alike_ && (encoding_.sign || encoding_.base != 0); }

  // Finds the positions that look at padding, by far the fewest; all others see all taps.
  void LookInside(const BitTile& tile) {
    if (!NeedsInside()) return;
    const Place before = place_;
    place_ = PlaceOf(tile);
    if (place_.SeesWhat(before)) return;
    for (std::size_t b = 0; b < borders_; ++b) Unmark(border_rows_[b]);
    borders_ = 0;
    ForEachLine(window_, tile,
                [&](std::size_t, std::size_t line, std::size_t column, std::size_t row, std::size_t count) {
                  const std::size_t end = column + count, first = column;
                  const bool inside = lines_inside_.Has(line);
                  while (column < end) {
                    if (inside && columns_inside_.Has(column)) {
                      column = columns_inside_.last;
                      continue;
                    }
                    const std::size_t i = row + column - first;
                    Mark(i, inside_sums_.Of(line, column++));
                    border_rows_[borders_++] = i;
                  }
                });
  }

  // Where a tile lies that looks at inner lines of one picture alone; all others are different from each other.
  struct Place {
    bool inner = false;
    std::size_t column = 0, rows = 0;
    bool SeesWhat(const Place& other) const {
      return inner && other.inner && column == other.column && rows == other.rows;
    }
  };

  Place PlaceOf(const BitTile& tile) const {
    const Stretch& first = *tile.begin();
    if (tile.begin() + 1 != tile.end()) return {};
    const std::size_t columns = window_.x.outputs(), lines = window_.y.outputs();
    const std::size_t line = first.position / columns % lines, column = first.position % columns;
    const std::size_t last = line + (column + first.count - 1) / columns;
    return {lines_inside_.Has(line) && lines_inside_.Has(last), column, tile.rows()};
  }

  // Row i sees what `inside` says.
  void Mark(std::size_t i, const Inside& inside) {
    MaskOutside(i, inside, 0);
    inside_[i] = &inside;
    cases_[i] = inside.number;
  }
  void Unmark(std::size_t i) {
    MaskOutside(i, *inside_[i], ~std::uint32_t{0});
    inside_[i] = &whole_;
    cases_[i] = whole_.number;
  }
  void MaskOutside(std::size_t i, const Inside& inside, std::uint32_t mask) {
    if (taps_.size() == 0) return;  // there is nothing to mask, or in another way
    for (const std::size_t tap : inside.outside) taps_[tap * kTileRows + i] = mask;
  }

  void Pack(const BitTile& tile, std::size_t group) {
    panel_.Pack(tile, group);
    terms_of_sparse_ =
        SparseTerms(kernels_, weights_, panel_.tile(),
                    encoding_.sign && borders_ > 0 && !many_taps() ? taps_.data() : nullptr, panel_.codes());
    terms_of_sparse_.step = encoding_.step;
  }

  // Takes back what signs of taps outside the picture, whose bits are 0, were counted for.
  void CorrectBorders(const Channels& channels) {
    const std::vector<const std::int32_t*>& of_cases = inside_sums_.corrections();
    if (kernels_.correct_panel && borders_ > kFewBorders && of_cases.size() <= kMostCases)
      return kernels_.correct_panel(
          {of_cases.data(), of_cases.size(), channels.first, channels.count, cases_, panel_.tile().rows, acc_});
    for (std::size_t b = 0; b < borders_; ++b) {
      const std::size_t i = border_rows_[b];
      const std::int32_t* corrections = inside_[i]->corrections.data() + channels.first;
      for (std::size_t j = 0; j < channels.count; ++j) acc_[j * kTileRows + i] += corrections[j];
    }
  }

  const Kernels& kernels_;
  const Weights& weights_;
  const Window& window_;
  const BitInput& input_;
  const Encoding encoding_;
  const bool alike_;  // all positions see all taps
  const Interior lines_inside_, columns_inside_;
  PanelProduct product_;
  const InsideSums& inside_sums_;
  const Inside& whole_;  // of positions that see all taps
  TilePanel panel_;
  ScratchArray<std::uint32_t> taps_;  // [taps][kTileRows], all ones where a tap lies inside, else 0; empty without use
  ScratchArray<std::uint8_t> ones_;   // to sum codes; empty without use
  SparseDotArgs terms_of_sparse_{};
  const Inside* inside_[kTileRows];
  alignas(64) std::uint32_t cases_[kTileRows] = {};  // their numbers
  std::size_t border_rows_[kTileRows];
  std::size_t borders_ = 0;
  Place place_;  // of the tile that was looked at last
  alignas(64) std::int32_t terms_[kTileRows];
  alignas(64) std::int32_t acc_[kLookupChannels * kTileRows];  // of a panel, or a block of looked up ones
  std::optional<LookupProduct> lookup_;
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
    const std::uint8_t* order = bits_.order.data() + channels.panel * kPanel;
    if (kernels_.scale_panel && bits_.sparse.blocks == 1 && encoding_.base == 0 && !worker_.many_taps()) {
      kernels_.scale_panel({acc, channels.count, order, bits_.scales.data() + channels.first,
                            bits_.sparse.row_start.data() + channels.first, worker_.terms(), y, kTileRows});
      return;
    }
    SparseDotArgs terms = worker_.terms();
    for (std::size_t i = 0; i < channels.count; ++i) {
      const std::size_t j = order[i];
      Row(channels.first + j, terms, acc + j * kTileRows, y + j * kTileRows);
    }
  }

 private:
  void Row(std::size_t n, SparseDotArgs& terms, const std::int32_t* acc, float* y) const {
    const std::size_t rows = worker_.tile().rows;
    const float alpha_step = bits_.scales[n] * encoding_.step;
    const bool sparse = bits_.sparse.terms(n) > 0;
    if (sparse && encoding_.base == 0 && !worker_.many_taps()) {
      terms.acc = acc;
      terms.scale = alpha_step;
      return SparseSums(kernels_, weights_, n, terms, y);
    }
    alignas(64) float sums[kTileRows];
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
  kernels.transpose(
      {static_cast<const std::uint32_t*>(from), kTileRows, channels, rows, static_cast<std::uint32_t*>(to), stride});
}

// Row by row, by kernels that every instruction set has.
void RunByRows(const Kernels& kernels, const Epilogue& epilogue, const Weights& weights, TileWorker& worker,
               const Scaler& scaler, const Buffer* residual, Buffer& out) {
  ScratchArray<float> products(kTileRows * weights.rows);  // [row][channel]
  worker.ForEachTile([&](const BitTile& tile) {
    worker.ForEachPanel(tile, [&](const Channels& channels, const std::int32_t* acc) {
      alignas(64) float y[kPanel * kTileRows];
      scaler.Panel(channels, acc, y);
      Turn(kernels, y, channels.count, tile.rows(), products.data() + channels.first, weights.rows);
    });
    for (const Stretch& stretch : tile)
      Finish(kernels, epilogue, products.data() + stretch.row * weights.rows, weights.rows, stretch.position,
             stretch.count, residual, out);
  });
}

}  // namespace

bool CanWriteSigns(const Kernels& kernels, const Weights& weights, const Buffer& out) {
  return std::holds_alternative<BitWeights>(weights.packed) && out.is_float() &&
         PanelFinisher::Fits(kernels, weights, out);
}

std::shared_ptr<const MarkSetup> MarksOf(const Kernels& kernels, const Epilogue& epilogue, const Weights& weights,
                                         const Encoding& encoding, const Buffer* residual) {
  if (residual || !Marker::Fits(kernels, epilogue, weights, encoding)) return nullptr;
  auto marks = weights.mark_setups->Find(weights, epilogue, encoding);
  return marks->finite ? marks : nullptr;
}

void RunBitLayer(const Kernels& kernels, const Epilogue& epilogue, const BitInput& input, const MarkSetup* marks,
                 const Weights& weights, const Window& window, const Buffer* residual, Buffer& out, Buffer* signs) {
  TileWorker worker(kernels, input, weights, window);
  if (marks) {
    Marker marker(kernels, *marks, weights, worker.terms(), out);
    return worker.ForEachTile([&](const BitTile& tile) {
      worker.ForEachPanel(tile,
                          [&](const Channels& channels, const std::int32_t* acc) { marker.Panel(channels, acc); });
      marker.Finish(tile);
    });
  }
  const Scaler scaler(kernels, weights, input.x.encoding(), worker);
  if (!PanelFinisher::Fits(kernels, weights, out))
    return RunByRows(kernels, epilogue, weights, worker, scaler, residual, out);
  PanelFinisher finisher(kernels, epilogue, residual, out, signs);
  worker.ForEachTile([&](const BitTile& tile) {
    finisher.Begin(tile);
    worker.ForEachPanel(tile, [&](const Channels& channels, const std::int32_t* acc) {
      alignas(64) float y[kPanel * kTileRows];
      scaler.Panel(channels, acc, y);
      finisher.Panel(channels, tile, y);
    });
    finisher.Finish(tile);
  });
}

void RunBitProducts(const Kernels& kernels, const Buffer& x, const Weights& weights, std::int32_t* out) {
  const Window window = MatrixWindow(x.rows());
  const BitInput input(kernels, x, weights, window);
  TileWorker worker(kernels, input, weights, window);
  worker.ForEachTile([&](const BitTile& tile) {
    worker.ForEachPanel(tile, [&](const Channels& channels, const std::int32_t* acc) {
      Turn(kernels, acc, channels.count, tile.rows(), out + tile.begin()->position * weights.rows + channels.first,
           weights.rows);
    });
  });
}

}  // namespace apb
