// Both ends of a panel, how it is cut from lines and what becomes of its products, against plain loops.
#include <cmath>

#include "base/aligned.h"
#include "test/check.h"

namespace apb {
namespace test {
namespace {

// Lane word i of an array of such words.
std::uint64_t WordAt(const std::vector<std::uint8_t>& bytes, std::size_t lane_bits, std::size_t i) {
  std::uint64_t word = 0;
  for (std::size_t b = 0; b < lane_bits / 8; ++b) word |= std::uint64_t{bytes[i * (lane_bits / 8) + b]} << (8 * b);
  return word;
}

std::vector<Piece> PiecesOf(std::size_t lane_bits, bool whole, std::size_t plane_words, std::size_t lanes) {
  const auto from = [&] { return RandomBelow(plane_words - lanes + 1); };
  const auto turn = [&] { return static_cast<std::uint8_t>(RandomBelow(lane_bits)); };
  const std::uint64_t all = ~std::uint64_t{0} >> (64 - lane_bits);
  if (whole) return {{from(), all, 0, 0}, {from(), all, 1, 0}};
  // Two pieces that fill the first word, one that leaves bits of the second 0.
  const std::uint64_t low = all >> (1 + RandomBelow(lane_bits - 1));
  return {{from(), low, 0, turn()}, {from(), all & ~low, 0, turn()}, {from(), 8, 1, turn()}};
}

std::uint64_t Turned(std::uint64_t word, std::size_t lane_bits, unsigned left) {
  const std::uint64_t all = ~std::uint64_t{0} >> (64 - lane_bits);
  return left == 0 ? word : ((word << left) | (word >> (lane_bits - left))) & all;
}

void CheckCutPanel(const Variant& v, std::size_t lanes, unsigned planes, bool whole) {
  const std::size_t bits = v.kernels.lane_bits, words = 2, plane = lanes + 9, first = kTileRows - lanes;
  std::vector<std::uint8_t> lines(planes * plane * (bits / 8));
  for (auto& byte : lines) byte = static_cast<std::uint8_t>(Random() >> 40);
  const std::vector<Piece> pieces = PiecesOf(bits, whole, plane, lanes);
  std::vector<std::uint8_t> panel(planes * words * kTileRows * (bits / 8), 0xa5);
  v.kernels.cut_panel({lines.data(), plane, pieces.data(), pieces.size(), whole, planes, words,
                       panel.data() + first * (bits / 8), lanes});
  for (std::size_t at = 0; at < planes * words * kTileRows; ++at) {
    const std::size_t lane = at % kTileRows, word = at / kTileRows % words, p = at / kTileRows / words;
    std::uint64_t expected = 0;
    for (const Piece& piece : pieces)
      if (lane >= first && piece.word == word)
        expected |= Turned(WordAt(lines, bits, piece.from + p * plane + lane - first), bits, piece.turn) & piece.mask;
    if (lane < first) expected = 0xa5a5a5a5a5a5a5a5u >> (64 - bits);
    CHECK(WordAt(panel, bits, at) == expected,
          v.name + ", lanes " + std::to_string(lanes) + ", planes " + std::to_string(planes));
  }
}

TEST(CutPanelTakesEveryPiece) {
  for (const Variant& v : VariantsOf(&Kernels::cut_panel))
    for (std::size_t lanes = 1; lanes <= kTileRows; ++lanes)
      for (const unsigned planes : {1, 2, 4})
        for (const bool whole : {true, false}) CheckCutPanel(v, lanes, planes, whole);
}

// Rows in runs of random lengths, which lie anywhere on lines of so many words.
std::vector<LineRun> RunsOf(std::size_t rows, std::size_t most, std::size_t line_words) {
  std::vector<LineRun> runs;
  for (std::size_t row = 0; row < rows; row += runs.back().count) {
    const std::size_t count = std::min(rows - row, 1 + RandomBelow(most));
    runs.push_back({RandomBelow(line_words - count + 1), row, count});
  }
  return runs;
}

// One to three pieces a word: whole ones, or parts of it.
std::vector<Piece> PiecesOfWords(std::size_t words, bool whole, std::size_t span) {
  std::vector<Piece> pieces;
  for (std::uint32_t w = 0; w < words; ++w) {
    if (whole) {
      pieces.push_back({RandomBelow(span), 0xffffffffu, w, 0});
      continue;
    }
    for (std::size_t left = 1 + RandomBelow(3); left > 0; --left)
      pieces.push_back(
          {RandomBelow(span), Random() & (0xffu << (8 * left)), w, static_cast<std::uint8_t>(RandomBelow(32))});
  }
  return pieces;
}

void CheckCutTile(const Variant& v, std::size_t rows, std::size_t most, std::size_t words, unsigned planes, bool whole,
                  unsigned forms) {
  const std::size_t line_words = 80, span = 40, plane = line_words + span, size = planes * words * kTileRows;
  std::vector<std::uint32_t> lines(planes * plane);
  for (auto& word : lines) word = static_cast<std::uint32_t>(Random());
  const std::vector<LineRun> runs = RunsOf(rows, most, line_words);
  const std::vector<Piece> pieces = PiecesOfWords(words, whole, span);
  constexpr std::uint32_t kJunk = 0x5eadbeef;
  AlignedArray<std::uint32_t> panel(size), folded(size), codes(size);
  for (auto* form : {&panel, &folded, &codes}) std::fill(form->data(), form->data() + size, kJunk);
  v.kernels.cut_tile({lines.data(), plane, pieces.data(), pieces.size(), whole, planes, words, runs.data(), rows,
                      forms & 1 ? panel.data() : nullptr, forms & 2 ? folded.data() : nullptr,
                      forms & 4 && planes > 1 ? codes.data() : nullptr});
  const std::string at = v.name + ", rows " + std::to_string(rows) + ", runs " + std::to_string(runs.size()) +
                         ", words " + std::to_string(words) + ", planes " + std::to_string(planes) +
                         (whole ? ", whole" : "") + ", forms " + std::to_string(forms);
  std::vector<std::uint32_t> expected(size);
  for (const LineRun& run : runs)
    for (std::size_t row = run.row; row < run.row + run.count; ++row)
      for (unsigned p = 0; p < planes; ++p)
        for (const Piece& piece : pieces) {
          const std::uint32_t word = lines[run.from + row - run.row + piece.from + p * plane];
          expected[(p * words + piece.word) * kTileRows + row] |=
              static_cast<std::uint32_t>(Turned(word, 32, piece.turn) & piece.mask);
        }
  const auto plain = [&](std::size_t p, std::size_t word, std::size_t row) {
    return expected[(p * words + word) * kTileRows + row];
  };
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t row = i % kTileRows, word = i / kTileRows % words, p = i / kTileRows / words;
    if (row >= (rows + 15) / 16 * 16) {
      CHECK(panel[i] == kJunk && folded[i] == kJunk && codes[i] == kJunk, "beyond the rows, " + at);
      continue;
    }
    if (row >= rows) continue;
    if (forms & 1) CHECK(panel[i] == expected[i], at);
    if (forms & 2) {
      const std::size_t first = word / kTriple * kTriple;
      std::uint32_t fold = expected[i];
      if (first + kTriple <= words) {
        const std::uint32_t x = plain(p, first, row), y = plain(p, first + 1, row), z = plain(p, first + 2, row);
        fold = word == first ? x ^ z : word == first + 1 ? y ^ z : x ^ y ^ z;
      }
      CHECK(folded[i] == fold, "folded, " + at);
    }
  }
  for (std::size_t column = 0; forms & 4 && planes > 1 && column < words * 32; ++column)
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t j = column % planes;
      const std::uint32_t word = codes[(column / 32 * planes + j) * kTileRows + row];
      unsigned code = 0;
      for (unsigned p = 0; p < planes; ++p) code |= ((plain(p, column / 32, row) >> (column % 32)) & 1) << p;
      CHECK(((word >> (column % 32 - j)) & ((1u << planes) - 1)) == code, "codes, " + at);
    }
}

TEST(CutTileMakesAllForms) {
  for (const Variant& v : VariantsOf(&Kernels::cut_tile))
    for (const std::size_t rows : {1, 15, 16, 17, 40, 64})
      for (const std::size_t most : {1, 5, 20, 64})
        for (const std::size_t words : {1, 2, 3, 5, 7})
          for (const unsigned planes : {1, 2, 4})
            for (const bool whole : {true, false})
              for (const unsigned forms : {1, 2, 3, 6, 7}) CheckCutTile(v, rows, most, words, planes, whole, forms);
}

void CheckCorrectPanel(const Variant& v, std::size_t rows, std::size_t channels, std::size_t case_count) {
  const std::size_t first = 5;
  std::vector<std::vector<std::int32_t>> corrections(case_count, std::vector<std::int32_t>(first + channels));
  std::vector<const std::int32_t*> of_cases;
  for (auto& values : corrections) {
    for (std::int32_t& x : values) x = static_cast<std::int32_t>(Random());
    of_cases.push_back(values.data());
  }
  AlignedArray<std::uint32_t> cases(kTileRows);
  for (std::size_t i = 0; i < kTileRows; ++i)
    cases[i] = i < rows ? static_cast<std::uint32_t>(RandomBelow(case_count)) : 99;
  AlignedArray<std::int32_t> acc(channels * kTileRows);
  for (std::size_t i = 0; i < acc.size(); ++i) acc[i] = static_cast<std::int32_t>(Random());
  const std::vector<std::int32_t> before(acc.data(), acc.data() + acc.size());
  v.kernels.correct_panel({of_cases.data(), case_count, first, channels, cases.data(), rows, acc.data()});
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = 0; i < rows; ++i) {
      const std::size_t at = c * kTileRows + i;
      const std::uint32_t expected =
          static_cast<std::uint32_t>(before[at]) + static_cast<std::uint32_t>(corrections[cases[i]][first + c]);
      CHECK(static_cast<std::uint32_t>(acc[at]) == expected, v.name + ", rows " + std::to_string(rows));
    }
}

TEST(CorrectPanelAddsWhatACaseIsFor) {
  for (const Variant& v : VariantsOf(&Kernels::correct_panel))
    for (const std::size_t rows : {1, 15, 16, 17, 33, 63, 64})
      for (const std::size_t channels : {1, 2, 7, 15, 16})
        for (const std::size_t cases : {1, 2, 9, 15, 16}) CheckCorrectPanel(v, rows, channels, cases);
}

using Activation = FinishPanelArgs::Activation;

// One output of a panel, every operation rounded.
float OutputOf(const FinishPanelArgs& args, std::size_t c, std::size_t i) {
  volatile float y = args.products[c * kTileRows + i] * args.scale[c];
  y = y + args.shift[c];
  if (args.residual) y = y + args.residual[args.starts[i] + c];
  const float x = y;
  switch (args.activation) {
    case Activation::kNone: return x;
    case Activation::kRelu: return x > 0 ? x : 0.0f;
    case Activation::kClamp: {
      const float raised = x > args.min ? x : args.min;
      return raised < args.max ? raised : args.max;
    }
    case Activation::kPrelu: return x < 0 ? args.slopes[c] * x : x;
  }
  return x;
}

std::uint32_t CodeOf(const FinishPanelArgs& args, float y) {
  if (args.sign) return y < 0;
  volatile float x = std::fmin(std::fmax(y, args.lo), args.hi) - args.lo;
  x = x * args.inv;
  return static_cast<std::uint32_t>(std::nearbyint(x));
}

std::vector<float> Floats(std::size_t count) {
  std::vector<float> values(count);
  // Zeros of both signs, and sums that end on a threshold.
  for (float& value : values) value = RandomBelow(5) ? RandomFloat() : RandomBelow(2) ? 0.0f : -0.0f;
  return values;
}

void CheckFinishPanel(const Variant& v, std::size_t rows, std::size_t channels, Activation activation, bool residual,
                      unsigned bits, bool sign) {
  const std::size_t stride = channels + 3, last = (rows - 1) * stride + channels;
  const std::vector<float> products = Floats(kPanel * kTileRows), scale = Floats(channels), shift = Floats(channels);
  const std::vector<float> slopes = Floats(channels), added = Floats(last);
  std::vector<float> out(last, 7.0f);
  AlignedArray<std::uint32_t> planes(4 * kTileRows);
  for (std::size_t i = 0; i < planes.size(); ++i) planes[i] = 0x8005u;
  const unsigned first_bit = RandomBelow(2) ? 16 : 0;
  // Rows lie anywhere: here the last one first.
  std::vector<std::size_t> starts(rows);
  for (std::size_t i = 0; i < rows; ++i) starts[i] = (rows - 1 - i) * stride;
  FinishPanelArgs args = {};
  args.products = products.data();
  args.channels = channels;
  args.rows = rows;
  args.scale = scale.data();
  args.shift = shift.data();
  args.starts = starts.data();
  args.residual = residual ? added.data() : nullptr;
  args.activation = activation;
  args.min = -0.25f;
  args.max = 0.5f;
  args.slopes = slopes.data();
  args.out = bits ? nullptr : out.data();
  std::vector<std::uint16_t> signs(2 * rows, 0x5ead);
  std::vector<std::size_t> sign_starts(rows);
  for (std::size_t i = 0; i < rows; ++i) sign_starts[i] = 2 * (rows - 1 - i);
  args.signs = RandomBelow(2) ? signs.data() : nullptr;
  args.sign_starts = sign_starts.data();
  args.sign = sign;
  args.bits = bits;
  args.lo = -0.75f;
  args.hi = 1.5f;
  args.inv = static_cast<float>((1u << bits) - 1) / 2.25f;
  args.planes = planes.data();
  args.plane = kTileRows;
  args.first_bit = first_bit;
  v.kernels.finish_panel(args);
  const std::string what = v.name + ", rows " + std::to_string(rows) + ", channels " + std::to_string(channels);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t c = 0; bits == 0 && c < stride && starts[i] + c < last; ++c) {
      const float expected = c < channels ? OutputOf(args, c, i) : 7.0f, got = out[starts[i] + c];
      CHECK(got == expected && std::signbit(got) == std::signbit(expected), what);
    }
    unsigned negative = 0;
    for (std::size_t c = 0; c < channels; ++c) negative |= static_cast<unsigned>(OutputOf(args, c, i) < 0) << c;
    const bool written = args.signs && bits == 0;
    CHECK(signs[sign_starts[i]] == (written ? negative : 0x5eadu), what + ", signs");
    CHECK(signs[sign_starts[i] + 1] == 0x5ead, what + " wrote beyond");
    for (unsigned p = 0; p < bits; ++p) {
      std::uint32_t expected = first_bit ? 0x8005u : 0;
      for (std::size_t c = 0; c < channels; ++c)
        expected |= ((CodeOf(args, OutputOf(args, c, i)) >> p) & 1) << (first_bit + c);
      CHECK(planes[p * kTileRows + i] == expected, what + ", plane " + std::to_string(p));
    }
  }
}

TEST(FinishPanelRoundsEveryOperation) {
  for (const Variant& v : VariantsOf(&Kernels::finish_panel))
    for (const std::size_t rows : {1, 15, 16, 17, 33, 63, 64})
      for (const std::size_t channels : {1, 2, 7, 15, 16})
        for (const auto kind : {Activation::kNone, Activation::kRelu, Activation::kClamp, Activation::kPrelu})
          for (const bool residual : {false, true}) {
            CheckFinishPanel(v, rows, channels, kind, residual, 0, false);
            CheckFinishPanel(v, rows, channels, kind, residual, 1, true);
            for (const unsigned bits : {1, 2, 4}) CheckFinishPanel(v, rows, channels, kind, residual, bits, false);
          }
}

}  // namespace
}  // namespace test
}  // namespace apb
