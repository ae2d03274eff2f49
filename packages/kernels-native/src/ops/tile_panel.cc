#include "ops/tile_panel.h"

#include <vector>

#include "ops/panel.h"

namespace apb {

TilePanel::TilePanel(const Kernels& kernels, const BitInput& input, const Weights& weights, const Window& window)
    : kernels_(kernels),
      input_(input),
      weights_(weights),
      window_(window),
      planes_(input.x.encoding().bits),
      words_(LaneWords(kernels, weights.k)),
      panel_(ScratchArray<std::uint8_t>::Zeros(PanelBytes(kernels, planes_, weights.k))),
      arranged_(ArrangesPanels(kernels, weights) && weights.sparse_terms() > 0 ? panel_.size() : 0),
      codes_(WeavesCodes() ? planes_ * words_ * kTileRows : 0) {}

// A term saves a few cycles, a word costs about ten.
bool TilePanel::WeavesCodes() const {
  return kernels_.code_panel && planes_ > 1 && weights_.sparse_terms() / weights_.groups >= 4 * words_;
}

// Products that fold read folded words alone, sparse weights codes where there are any.
bool TilePanel::ReadsPlainWords() const {
  return !FoldsPanels(kernels_, weights_) || (weights_.sparse_terms() > 0 && codes_.size() == 0);
}

// Whether taps are whole words of lines.
bool TilePanel::WholeWords() const { return weights_.tap_channels() % kernels_.lane_bits == 0; }

void TilePanel::Pack(const BitTile& tile, std::size_t group) {
  const bool at_once = input_.lines && kernels_.cut_tile;
  if (at_once)
    CutForms(tile, group);
  else if (input_.lines)
    Cut(tile, group);
  else
    PackPanel(kernels_, input_.x.words() + tile.begin()->position * input_.x.words_per_row(), tile.rows(), planes_,
              weights_.k, panel_.data());
  if (!at_once && codes_.size() > 0)
    kernels_.code_panel(
        {reinterpret_cast<const std::uint32_t*>(panel_.data()), words_, planes_, tile.rows(), codes_.data()});
  if (ArrangesPanels(kernels_, weights_) && !(at_once && FoldsPanels(kernels_, weights_)))
    ArrangePanel(kernels_, weights_, panel_.data(), tile.rows(), arranged());
  tile_ = {panel_.data(), arranged(), tile.rows(), planes_, input_.x.encoding().sign};
}

// In one pass all but what balanced products read.
void TilePanel::CutForms(const BitTile& tile, std::size_t group) {
  LineRun runs[kTileRows];
  std::size_t count = 0;
  ForEachLine(window_, tile,
              [&](std::size_t picture, std::size_t line, std::size_t column, std::size_t row, std::size_t rows) {
                runs[count++] = {input_.lines->At(picture, line, column), row, rows};
              });
  const std::vector<Piece>& pieces = input_.setup->pieces[group];
  const auto words = [](std::uint8_t* panel) { return reinterpret_cast<std::uint32_t*>(panel); };
  CutTileArgs args = {};
  args.lines = static_cast<const std::uint32_t*>(input_.lines->words());
  args.plane = input_.lines->plane();
  args.pieces = pieces.data();
  args.count = pieces.size();
  args.whole = WholeWords();
  args.planes = planes_;
  args.words = words_;
  args.runs = runs;
  args.rows = tile.rows();
  args.panel = ReadsPlainWords() ? words(panel_.data()) : nullptr;
  args.folded = FoldsPanels(kernels_, weights_) ? words(arranged()) : nullptr;
  args.codes = codes_.size() > 0 ? codes_.data() : nullptr;
  kernels_.cut_tile(args);
}

void TilePanel::Cut(const BitTile& tile, std::size_t group) {
  const std::size_t bytes = kernels_.lane_bits / 8;
  const std::vector<Piece>& pieces = input_.setup->pieces[group];
  const auto* from = static_cast<const std::uint8_t*>(input_.lines->words());
  ForEachLine(window_, tile,
              [&](std::size_t picture, std::size_t line, std::size_t column, std::size_t row, std::size_t count) {
                kernels_.cut_panel({from + input_.lines->At(picture, line, column) * bytes, input_.lines->plane(),
                                    pieces.data(), pieces.size(), WholeWords(), planes_, words_,
                                    panel_.data() + row * bytes, count});
              });
}

}  // namespace apb
