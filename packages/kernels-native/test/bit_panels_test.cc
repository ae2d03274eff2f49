// Kernels on panels of bits against plain loops over single bits, every listed kernel by itself.
#include <algorithm>
#include <set>

#include "base/aligned.h"
#include "test/check.h"

namespace apb {
namespace test {
namespace {

// A panel and its bits. `fill`: 0 all clear, 1 all set, 2 random.
struct Panel {
  Panel(unsigned lane_bits, std::size_t items, std::size_t stride, unsigned planes, std::size_t words, int fill)
      : lane_bits(lane_bits),
        items(items),
        stride(stride),
        planes(planes),
        words(words),
        bytes(planes * words * stride * (lane_bits / 8)) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = fill == 0 ? 0 : fill == 1 ? 0xff : static_cast<std::uint8_t>(Random() >> 32);
  }
  Panel(const Panel& other) : Panel(other.lane_bits, other.items, other.stride, other.planes, other.words, 0) {
    std::copy_n(other.bytes.data(), bytes.size(), bytes.data());
  }
  // Bit `bit` of plane p of item i, 0 .. words * lane_bits - 1.
  unsigned Bit(unsigned p, std::size_t i, std::size_t bit) const {
    const std::size_t word = (p * words + bit / lane_bits) * stride + i;
    return (bytes[word * (lane_bits / 8) + bit % lane_bits / 8] >> (bit % 8)) & 1;
  }
  BitPanel panel() const { return {bytes.data(), stride, items, planes}; }

  unsigned lane_bits;
  std::size_t items, stride;
  unsigned planes;
  std::size_t words;
  AlignedArray<std::uint8_t> bytes;
};

std::uint32_t Count(const Panel& a, std::size_t i, const Panel& b, std::size_t j) {
  std::uint32_t count = 0;
  for (unsigned p = 0; p < a.planes; ++p)
    for (unsigned u = 0; u < b.planes; ++u)
      for (std::size_t bit = 0; bit < a.words * a.lane_bits; ++bit)
        count += (a.Bit(p, i, bit) ^ b.Bit(u, j, bit)) << (p + u);
  return count;
}

// Of `triples` triples of every plane, as bit_gemm reads them; the other words as they are.
Panel Folded(const Panel& panel, std::size_t triples) {
  Panel folded = panel;
  auto* to = reinterpret_cast<std::uint32_t*>(folded.bytes.data());
  for (unsigned p = 0; p < panel.planes; ++p)
    for (std::size_t t = 0; t < triples * panel.stride; ++t) {
      std::uint32_t* x =
          to + p * panel.words * panel.stride + t / panel.stride * kTriple * panel.stride + t % panel.stride;
      std::uint32_t &y = x[panel.stride], &z = x[2 * panel.stride];
      *x ^= z, y ^= z, z ^= *x ^ y;
    }
  return folded;
}

// All words single, one triple, all that there are.
std::set<std::size_t> FoldsOf(const Variant& v, std::size_t words) {
  if (!v.kernels.fold_panel) return {0};
  return {0, std::min<std::size_t>(1, words / kTriple), words / kTriple};
}

void CheckBitGemm(const Variant& v, std::size_t lanes, std::size_t columns, std::size_t lda, std::size_t ldb,
                  unsigned a_planes, unsigned b_planes, std::size_t words, int fill) {
  const Panel a(v.kernels.lane_bits, lanes, lda, a_planes, words, fill);
  const Panel b(v.kernels.lane_bits, columns, ldb, b_planes, words, fill == 1 ? 0 : 2);
  const std::size_t ldo = kTileRows + 16, rounded = (lanes + 15) / 16 * 16;
  constexpr std::int32_t kJunk = 0x5eadbeef;
  std::vector<std::int32_t> lane_terms(rounded), column_terms(columns);
  std::vector<std::uint32_t> counts;
  for (std::size_t j = 0; j < columns; ++j)
    for (std::size_t i = 0; i < lanes; ++i) counts.push_back(Count(a, i, b, j));
  for (auto* terms : {&lane_terms, &column_terms})
    for (auto& term : *terms) term = static_cast<std::int32_t>(Random());
  for (const std::size_t triples : FoldsOf(v, words)) {
    const Panel x = Folded(a, triples), y = Folded(b, triples);
    for (const std::int32_t factor : {1, -1, 2, -2})
      for (int terms = 0; terms < 4; ++terms) {
        std::vector<std::int32_t> out((columns - 1) * ldo + rounded, kJunk);
        v.kernels.bit_gemm({x.panel(), y.panel(), words, triples, factor, terms & 1 ? lane_terms.data() : nullptr,
                            terms & 2 ? column_terms.data() : nullptr, out.data(), ldo});
        for (std::size_t j = 0; j < columns; ++j)
          for (std::size_t i = 0; i < ldo && j * ldo + i < out.size(); ++i) {
            const std::int32_t got = out[j * ldo + i];
            const std::string at = v.name + ", lanes " + std::to_string(lanes) + ", columns " +
                                   std::to_string(columns) + ", words " + std::to_string(words) + ", triples " +
                                   std::to_string(triples) + ", at " + std::to_string(i) + "," + std::to_string(j);
            if (i >= rounded) CHECK(got == kJunk, "beyond the rows, " + at);
            if (i >= lanes) continue;
            std::uint32_t expected = static_cast<std::uint32_t>(factor) * counts[j * lanes + i];
            if (terms & 1) expected += static_cast<std::uint32_t>(lane_terms[i]);
            if (terms & 2) expected += static_cast<std::uint32_t>(column_terms[j]);
            CHECK(got == static_cast<std::int32_t>(expected), at);
          }
      }
  }
}

// Every listed kernel, and those that are chosen together with one that folds.
std::vector<Variant> WithFolding() {
  std::vector<Variant> variants = VariantsOf(&Kernels::bit_gemm);
  for (const Variant& v : Variants())
    if (v.kernels.fold_panel) variants.push_back(v);
  return variants;
}

TEST(BitGemmCountsExactly) {
  for (const Variant& v : WithFolding()) {
    for (const std::size_t lanes : {1, 2, 15, 16, 17, 31, 33, 40, 48, 63, 64})
      for (const std::size_t columns : {1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16})
        CheckBitGemm(v, lanes, columns, kTileRows, kPanel, 1, 1, 1 + RandomBelow(9), 2);
    // The sides swapped.
    for (const std::size_t columns : {1, 7, 12, 64}) CheckBitGemm(v, 16, columns, kPanel, kTileRows, 1, 1, 3, 2);
    for (const unsigned four : {1, 2, 4})
      for (const unsigned two : {1, 2})
        for (const std::size_t words : {2, 3, 8}) {
          for (const std::size_t lanes : {17, 48, 64})
            CheckBitGemm(v, lanes, 5, kTileRows, kPanel, four, two, words, 2);
          CheckBitGemm(v, 16, 5, kPanel, kTileRows, two, four, words, 2);
        }
    // 31 and 32 words are where byte counters are widened, 70 is past two of those blocks.
    for (const std::size_t words : {30, 31, 32, 62, 63, 70})
      for (int fill = 0; fill < 3; ++fill) CheckBitGemm(v, 9, 3, kTileRows, kPanel, 1, 1, words, fill);
  }
}

TEST(BitGemmCountsBlocksOfWords) {
  // 17 rows and more are counted in vectors of bytes on AVX2, widened every 7 words.
  for (const Variant& v : VariantsOf(&Kernels::bit_gemm))
    for (const std::size_t lanes : {17, 33, 64})
      for (const std::size_t words : {6, 7, 8, 14, 15, 70})
        for (int fill = 0; fill < 3; ++fill) CheckBitGemm(v, lanes, 2, kTileRows, kPanel, 1, 1, words, fill);
}

// All bits differ, so that no loop over bits is needed, and the words of a folded triple are 0, 0 and all ones, as
// those of a triple of ones. `swapped`: the weights are the lanes.
void CheckFullCounts(const Variant& v, unsigned a_planes, unsigned w_planes, std::size_t words, std::size_t triples,
                     bool swapped, int terms, std::int32_t factor) {
  constexpr std::size_t kItems = 9;
  const Panel a =
      Folded(Panel(v.kernels.lane_bits, swapped ? kItems : 33, kTileRows, a_planes, words, swapped ? 0 : 1), triples);
  const Panel w =
      Folded(Panel(v.kernels.lane_bits, swapped ? kPanel : kItems, kPanel, w_planes, words, swapped ? 1 : 0), triples);
  const Panel &lanes = swapped ? w : a, &columns = swapped ? a : w;
  const std::vector<std::int32_t> lane_terms(48, 5), column_terms(kItems, 7);
  std::vector<std::int32_t> out(kItems * kTileRows);
  v.kernels.bit_gemm({lanes.panel(), columns.panel(), words, triples, factor, terms & 1 ? lane_terms.data() : nullptr,
                      terms & 2 ? column_terms.data() : nullptr, out.data(), kTileRows});
  const std::uint32_t bits =
      static_cast<std::uint32_t>(words * v.kernels.lane_bits * ((1u << a_planes) - 1) * ((1u << w_planes) - 1));
  const std::uint32_t start = (terms & 1 ? 5 : 0) + (terms & 2 ? 7 : 0);
  for (std::size_t j = 0; j < columns.items; ++j)
    for (std::size_t i = 0; i < lanes.items; ++i)
      CHECK(out[j * kTileRows + i] == static_cast<std::int32_t>(start + static_cast<std::uint32_t>(factor) * bits),
            v.name + ", words " + std::to_string(words) + ", triples " + std::to_string(triples) + ", planes " +
                std::to_string(a_planes) + " x " + std::to_string(w_planes) + (swapped ? ", swapped" : "") +
                ", terms " + std::to_string(terms) + ", factor " + std::to_string(factor));
}

TEST(BitGemmCountsLongRows) {
  // Where sums pass 15 and 16 bits, of all planes or of ones and twos alone, and around these.
  for (const Variant& v : WithFolding())
    for (const unsigned a_planes : {1u, 2u, 4u})
      for (const unsigned w_planes : {1u, 2u})
        for (const std::size_t words : {22,  23,  45,  46,   68,   69,   136,  137,  227,  228,  341,  342,
                                        512, 682, 683, 1023, 1024, 1025, 1366, 2047, 2048, 2100, 3072, 3075})
          for (const std::size_t triples : FoldsOf(v, words))
            for (const bool swapped : {false, true}) {
              CheckFullCounts(v, a_planes, w_planes, words, triples, swapped, 2, 1);
              CheckFullCounts(v, a_planes, w_planes, words, triples, swapped, 2, -2);
              CheckFullCounts(v, a_planes, w_planes, words, triples, swapped, 1, -1);
            }
}

TEST(BitGemmCountsBeyond16Bits) {
  for (const Variant& v : WithFolding()) CheckBitGemm(v, 3, 2, kTileRows, kPanel, 4, 2, 1100, 1);
}

TEST(FoldPanelFolds) {
  for (const Variant& v : VariantsOf(&Kernels::fold_panel))
    for (const std::size_t words : {1, 2, 3, 7, 18})
      for (const std::size_t items : {1, 16, 17, 64})
        for (const bool in_place : {false, true}) {
          const Panel from(v.kernels.lane_bits, items, kTileRows, 2, words, 2),
              expected = Folded(from, words / kTriple);
          Panel to = in_place ? from : Panel(v.kernels.lane_bits, items, kTileRows, 2, words, 1);
          const Panel& source = in_place ? to : from;
          v.kernels.fold_panel({reinterpret_cast<const std::uint32_t*>(source.bytes.data()), 2, words, kTileRows, items,
                                reinterpret_cast<std::uint32_t*>(to.bytes.data())});
          for (unsigned p = 0; p < 2; ++p)
            for (std::size_t i = 0; i < kTileRows; ++i)
              for (std::size_t bit = 0; bit < words * 32; ++bit) {
                const bool beyond = i >= (items + 15) / 16 * 16;
                const unsigned want = !beyond ? expected.Bit(p, i, bit) : in_place ? from.Bit(p, i, bit) : 1;
                CHECK(to.Bit(p, i, bit) == want,
                      v.name + ", words " + std::to_string(words) + ", item " + std::to_string(i));
              }
        }
}

// The number -3, -1, 1 or 3 that planes n and s of a panel for balanced_gemm stand for.
int Balanced(const Panel& panel, std::size_t item, std::size_t bit) {
  const int magnitude = panel.Bit(0, item, bit) ? 1 : 3;
  return panel.Bit(1, item, bit) ? magnitude : -magnitude;
}

void CheckBalancedGemm(const Variant& v, std::size_t lanes, std::size_t columns, std::size_t lda, std::size_t ldb,
                       std::size_t words, int fill, bool with_terms) {
  const Panel a(v.kernels.lane_bits, lanes, lda, 2, words, fill), b(v.kernels.lane_bits, columns, ldb, 2, words, 2);
  const std::size_t ldo = kTileRows + 16, rounded = (lanes + 15) / 16 * 16, bits = words * v.kernels.lane_bits;
  std::vector<std::int32_t> lane_terms(rounded), column_terms(columns), out((columns - 1) * ldo + rounded, 7);
  for (auto* terms : {&lane_terms, &column_terms})
    for (auto& term : *terms) term = with_terms ? static_cast<std::int32_t>(Random()) : 0;
  v.kernels.balanced_gemm({a.panel(), b.panel(), words, 0, 1, with_terms ? lane_terms.data() : nullptr,
                           with_terms ? column_terms.data() : nullptr, out.data(), ldo});
  for (std::size_t j = 0; j < columns; ++j) {
    for (std::size_t i = 0; i < lanes; ++i) {
      int sum = 0;
      for (std::size_t bit = 0; bit < bits; ++bit) sum += Balanced(a, i, bit) * Balanced(b, j, bit);
      // The counts make up (9 * bits - sum of products) / 2.
      const std::uint32_t expected = static_cast<std::uint32_t>(lane_terms[i]) +
                                     static_cast<std::uint32_t>(column_terms[j]) -
                                     static_cast<std::uint32_t>((9 * static_cast<int>(bits) - sum) / 2);
      CHECK(out[j * ldo + i] == static_cast<std::int32_t>(expected),
            v.name + ", lanes " + std::to_string(lanes) + ", columns " + std::to_string(columns));
    }
    for (std::size_t i = rounded; j + 1 < columns && i < ldo; ++i) CHECK(out[j * ldo + i] == 7, "beyond the rows");
  }
}

TEST(BalancedGemmIsExact) {
  for (const Variant& v : VariantsOf(&Kernels::balanced_gemm))
    for (const std::size_t words : {1, 2, 5})
      for (int fill = 0; fill < 3; ++fill)
        for (const bool with_terms : {false, true}) {
          for (const std::size_t lanes : {1, 16, 17, 64})
            for (std::size_t columns = 1; columns <= kPanel; ++columns)
              CheckBalancedGemm(v, lanes, columns, kTileRows, kPanel, words, fill, with_terms);
          CheckBalancedGemm(v, 16, 12, kPanel, kTileRows, words, fill, with_terms);
        }
}

// The contract's order, every operation rounded to float32.
float ExpectedSum(const Panel& a, const SparseDotArgs& args, std::size_t i, float start = 0) {
  volatile float sum = start;
  for (std::size_t t = 0; t < args.terms; ++t) {
    if (args.taps && !args.inside[args.taps[t] * kTileRows + i]) continue;
    unsigned q = 0;
    for (unsigned p = 0; p < a.planes; ++p) q |= a.Bit(p, i, args.columns[t]) << p;
    const float value = args.sign ? (q ? -1.0f : 1.0f) : static_cast<float>(q);
    volatile float product = args.values[t] * value;
    sum = sum + product;
  }
  if (!args.acc) return sum;
  volatile float product = args.scale * static_cast<float>(args.acc[i]);
  volatile float part = args.step * sum;
  volatile float y = product + part;
  return y;
}

constexpr std::size_t kTaps = 32;

// [kTaps][kTileRows] of all ones or 0.
AlignedArray<std::uint32_t> RandomMasks() {
  AlignedArray<std::uint32_t> masks(kTaps * kTileRows);
  for (std::size_t i = 0; i < masks.size(); ++i) masks[i] = RandomBelow(2) ? ~0u : 0;
  return masks;
}

// What code_panel makes of a panel, by its definition.
AlignedArray<std::uint32_t> CodesOf(const Panel& a, unsigned planes, std::size_t words, std::size_t items) {
  auto codes = AlignedArray<std::uint32_t>::Zeros(words * planes * kTileRows);
  for (std::size_t column = 0; column < words * 32; ++column)
    for (std::size_t i = 0; i < items; ++i)
      for (unsigned p = 0; p < planes; ++p)
        codes[(column / 32 * planes + column % planes) * kTileRows + i] |= a.Bit(p, i, column)
                                                                           << (column % 32 / planes * planes + p);
  return codes;
}

void CheckSparseDot(const Variant& v, std::size_t items, std::size_t terms, bool sign, unsigned planes, bool bordered,
                    bool product) {
  const std::size_t words = 3, rounded = (items + 15) / 16 * 16;
  const Panel a(v.kernels.lane_bits, items, kTileRows, planes, words, 2);
  std::vector<std::uint16_t> columns(terms);
  const AlignedArray<std::uint32_t> inside = RandomMasks();
  std::vector<float> values(terms), sums(rounded, 7.0f);
  std::vector<std::uint8_t> taps(terms);
  std::vector<std::int32_t> acc(rounded);
  for (std::size_t t = 0; t < terms; ++t) {
    columns[t] = static_cast<std::uint16_t>(t * words * v.kernels.lane_bits / terms);
    values[t] = RandomFloat();
    taps[t] = static_cast<std::uint8_t>(RandomBelow(kTaps));
  }
  for (auto& value : acc) value = static_cast<std::int32_t>(Random() >> 40) - 4096;
  const SparseDotArgs args = {columns.data(),
                              values.data(),
                              terms,
                              a.bytes.data(),
                              words,
                              planes,
                              sign,
                              items,
                              bordered ? taps.data() : nullptr,
                              bordered ? inside.data() : nullptr,
                              sums.data(),
                              product ? acc.data() : nullptr,
                              0.37f,
                              0.11f};
  const auto check = [&](const char* from) {
    for (std::size_t i = 0; i < items; ++i)
      CHECK(sums[i] == ExpectedSum(a, args, i), v.name + from + ", items " + std::to_string(items) + ", terms " +
                                                    std::to_string(terms) + ", planes " + std::to_string(planes));
  };
  v.kernels.sparse_dot(args);
  check("");
  SparseDotArgs more = args;
  more.more = true;
  const std::vector<float> starts(sums);
  v.kernels.sparse_dot(more);
  for (std::size_t i = 0; i < items; ++i)
    CHECK(sums[i] == ExpectedSum(a, args, i, starts[i]), v.name + " on top of sums, items " + std::to_string(items));
  std::fill(sums.begin(), sums.end(), 7.0f);
  if (planes == 1 || v.kernels.lane_bits != 32) return;
  const AlignedArray<std::uint32_t> codes = CodesOf(a, planes, words, items);
  SparseDotArgs from_codes = args;
  from_codes.codes = codes.data();
  std::fill(sums.begin(), sums.end(), 7.0f);
  v.kernels.sparse_dot(from_codes);
  check(", from codes");
}

TEST(CodePanelPutsCodesTogether) {
  for (const Variant& v : VariantsOf(&Kernels::code_panel))
    for (const std::size_t items : {1, 15, 16, 17, 64})
      for (const unsigned planes : {2, 4}) {
        const std::size_t words = 3;
        const Panel a(v.kernels.lane_bits, items, kTileRows, planes, words, 2);
        AlignedArray<std::uint32_t> codes(words * planes * kTileRows);
        v.kernels.code_panel(
            {reinterpret_cast<const std::uint32_t*>(a.bytes.data()), words, planes, items, codes.data()});
        const AlignedArray<std::uint32_t> expected = CodesOf(a, planes, words, items);
        for (std::size_t row = 0; row < words * planes; ++row)
          for (std::size_t i = 0; i < items; ++i)
            CHECK(codes[row * kTileRows + i] == expected[row * kTileRows + i],
                  v.name + ", planes " + std::to_string(planes));
      }
}

TEST(SparseDotRoundsInOrder) {
  for (const Variant& v : VariantsOf(&Kernels::sparse_dot))
    for (const std::size_t items : {1, 15, 16, 17, 32, 33, 49, 64})
      for (const std::size_t terms : {0, 1, 2, 5, 40})
        for (const bool product : {false, true}) {
          for (const bool bordered : {false, true}) CheckSparseDot(v, items, terms, true, 1, bordered, product);
          for (const unsigned planes : {1, 2, 4}) CheckSparseDot(v, items, terms, false, planes, false, product);
        }
}

void CheckScalePanel(const Variant& v, std::size_t items, std::size_t channels, bool sign, bool bordered) {
  const std::size_t words = 2, ldy = kTileRows + 16, rounded = (items + 15) / 16 * 16;
  const unsigned planes = sign ? 1 : 2;
  const Panel a(v.kernels.lane_bits, items, kTileRows, planes, words, 2);
  std::vector<std::uint32_t> row_start = {0};
  std::vector<std::uint16_t> columns;
  const AlignedArray<std::uint32_t> inside = RandomMasks();
  std::vector<float> values, scales(channels), y((channels - 1) * ldy + rounded, 7.0f);
  std::vector<std::uint8_t> taps, order(channels);
  std::vector<std::int32_t> acc(channels * kTileRows);
  for (std::size_t c = 0; c < channels; ++c) {
    order[c] = static_cast<std::uint8_t>(channels - 1 - c);
    scales[c] = RandomFloat();
    for (std::size_t t = RandomBelow(4); t > 0; --t) {
      columns.push_back(static_cast<std::uint16_t>(RandomBelow(words * v.kernels.lane_bits)));
      values.push_back(RandomFloat());
      taps.push_back(static_cast<std::uint8_t>(RandomBelow(kTaps)));
    }
    row_start.push_back(static_cast<std::uint32_t>(columns.size()));
  }
  std::stable_sort(order.begin(), order.end(), [&](unsigned a, unsigned b) {
    return row_start[a + 1] - row_start[a] < row_start[b + 1] - row_start[b];
  });
  for (auto& value : acc) value = static_cast<std::int32_t>(Random() >> 40) - 4096;
  const float step = 0.11f;
  SparseDotArgs terms = {columns.data(),
                         values.data(),
                         values.size(),
                         a.bytes.data(),
                         words,
                         planes,
                         sign,
                         items,
                         bordered ? taps.data() : nullptr,
                         bordered ? inside.data() : nullptr,
                         nullptr};
  terms.step = step;
  v.kernels.scale_panel({acc.data(), channels, order.data(), scales.data(), row_start.data(), terms, y.data(), ldy});
  for (std::size_t c = 0; c < channels; ++c) {
    SparseDotArgs row = terms;
    row.columns += row_start[c];
    row.values += row_start[c];
    if (row.taps) row.taps += row_start[c];
    row.terms = row_start[c + 1] - row_start[c];
    const float scale = scales[c] * step;
    for (std::size_t i = 0; i < items; ++i) {
      volatile float expected = scale * static_cast<float>(acc[c * kTileRows + i]);
      volatile float part = step * ExpectedSum(a, row, i);
      if (row.terms > 0) expected = expected + part;
      CHECK(y[c * ldy + i] == expected, v.name + ", channel " + std::to_string(c) + ", row " + std::to_string(i));
    }
    for (std::size_t i = rounded; c + 1 < channels && i < ldy; ++i)
      CHECK(y[c * ldy + i] == 7, v.name + " wrote beyond");
  }
}

TEST(ScalePanelIsScaleRowAndSparseDot) {
  for (const Variant& v : VariantsOf(&Kernels::scale_panel))
    for (const std::size_t items : {1, 16, 25, 33, 64})
      for (const std::size_t channels : {1, 5, 16})
        for (const bool bordered : {false, true}) {
          CheckScalePanel(v, items, channels, true, bordered);
          CheckScalePanel(v, items, channels, false, false);
        }
}

}  // namespace
}  // namespace test
}  // namespace apb
