// Codes as bits of channels: thresholds, the kernel that compares with them, and turning channels into rows.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/aligned.h"
#include "ops/activation.h"
#include "ops/thresholds.h"
#include "test/check.h"

namespace apb {
namespace test {
namespace {

unsigned CodeOf(const Quantizer& q, const Activation& activation, float x) {
  Activate(activation, 1, &x, 1);
  if (q.encoding.sign) return x < 0;
  volatile float offset = std::fmin(std::fmax(x, q.lo), q.hi) - q.lo;
  offset = offset * q.inv;
  return static_cast<unsigned>(std::nearbyint(offset));
}

unsigned CodeBy(const std::array<float, 3>& thresholds, const Quantizer& q, float x) {
  if (q.encoding.sign) return x < thresholds[0];
  unsigned code = 0;
  for (unsigned j = 0; j + 1 < 1u << q.encoding.bits; ++j) code += x >= thresholds[j];
  return code;
}

void CheckThresholds(const Quantizer& q, const Activation& activation) {
  const std::array<float, 3> thresholds = ThresholdsOf(q, activation);
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> values = {0.0f, -0.0f, 1e-45f, -1e-45f, 3e38f, -3e38f, infinity, -infinity};
  for (const float t : thresholds)
    if (!std::isnan(t)) values.insert(values.end(), {t, std::nextafter(t, -infinity), std::nextafter(t, infinity)});
  for (int i = 0; i < 200; ++i) values.push_back(4 * RandomFloat());
  for (const float x : values)
    CHECK(CodeBy(thresholds, q, x) == CodeOf(q, activation, x), "code of " + std::to_string(x));
}

TEST(ThresholdsAreWhereCodesBegin) {
  Activation clamp;
  clamp.kind = Activation::Kind::kClamp;
  clamp.min = -0.25f;
  clamp.max = 0.5f;
  Activation relu;
  relu.kind = Activation::Kind::kRelu;
  for (const Activation& activation : {Activation(), relu, clamp}) {
    CheckThresholds({{true, 1, 0, 1}, 0, 0, 0}, activation);
    for (const unsigned bits : {1, 2})
      for (const auto& [lo, hi] :
           {std::pair<float, float>{0, 1}, {-0.75f, 1.5f}, {-3, -1}, {0, 1e-40f}, {0.1f, 0.3f}}) {
        const float inv = static_cast<float>((1u << bits) - 1) / (hi - lo);
        if (std::isfinite(inv)) CheckThresholds({{false, bits, lo, 1}, lo, hi, inv}, activation);
      }
  }
}

TEST(ProductThresholdsAreWhereValuesReachThem) {
  const float infinity = std::numeric_limits<float>::infinity(), never = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> values = {0.0f, -0.0f, 1e-45f, -1e-45f, 1.5f, -1.5f, 3e38f, -3e38f};
  for (int i = 0; i < 20; ++i) values.push_back(RandomFloat());
  for (const float threshold : {0.0f, -0.0f, 0.5f, -0.7f, 1e-40f, infinity, -infinity, never})
    for (const float scale : {1.0f, -1.0f, 0.3f, -0.3f, 1e-30f, -1e-30f, 1e30f, -1e30f, 0.0f, -0.0f})
      for (const float shift : {0.0f, -0.0f, 0.5f, -0.5f, 1e-3f, 1e30f}) {
        const float t = ProductThreshold(threshold, scale, shift);
        std::vector<float> near = values;
        if (std::isfinite(t)) near.insert(near.end(), {t, std::nextafter(t, -infinity), std::nextafter(t, infinity)});
        for (const float y : near) {
          if (!std::isfinite(y)) continue;
          volatile float z = y * scale;
          z = z + shift;
          CHECK((y >= t) == ((z >= threshold) != (scale < 0)),
                "y " + std::to_string(y) + ", scale " + std::to_string(scale) + ", shift " + std::to_string(shift) +
                    ", threshold " + std::to_string(threshold));
        }
      }
}

TEST(TurnBitsTurnsEveryBit) {
  for (const Variant& v : VariantsOf(&Kernels::turn_bits))
    for (const std::size_t words : {1, 2, 3, 4, 5, 16}) {
      std::vector<std::uint64_t> from(words * 64), to(words * 64);
      for (auto& word : from) word = Random();
      v.kernels.turn_bits(from.data(), words, to.data());
      for (std::size_t i = 0; i < 64; ++i)
        for (std::size_t w = 0; w < words; ++w)
          for (std::size_t j = 0; j < 64; ++j)
            CHECK(((to[i * words + w] >> j) & 1) == ((from[w * 64 + j] >> i) & 1),
                  v.name + ", row " + std::to_string(i) + ", words " + std::to_string(words));
    }
}

// Activations, terms and products of a panel of channels, for scale_panel and mark_panel.
struct Products {
  std::vector<std::int32_t> acc;
  std::vector<float> scales, values;
  std::vector<std::uint8_t> order;
  std::vector<std::uint32_t> row_start = {0};
  std::vector<std::uint16_t> columns;
  AlignedArray<std::uint32_t> words;
  SparseDotArgs sparse = {};

  Products(const Variant& v, std::size_t items, std::size_t channels)
      : acc(channels * kTileRows), words(2 * 3 * kTileRows) {
    for (std::size_t c = 0; c < channels; ++c) {
      scales.push_back(0.25f + static_cast<float>(RandomBelow(4)) / 4);
      order.push_back(static_cast<std::uint8_t>(c));
      for (std::size_t t = 0; t < c / 3; ++t) {
        columns.push_back(static_cast<std::uint16_t>(RandomBelow(3 * v.kernels.lane_bits)));
        values.push_back(RandomFloat());
      }
      row_start.push_back(static_cast<std::uint32_t>(columns.size()));
    }
    for (auto& value : acc) value = static_cast<std::int32_t>(RandomBelow(9)) - 4;
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = static_cast<std::uint32_t>(Random());
    sparse.columns = columns.data();
    sparse.values = values.data();
    sparse.terms = values.size();
    sparse.words = words.data();
    sparse.count = 3;
    sparse.planes = 1;
    sparse.sign = true;
    sparse.items = items;
    sparse.step = 0.5f;
  }
  ScalePanelArgs Args(float* y, std::size_t ldy) const {
    return {acc.data(), scales.size(), order.data(), scales.data(), row_start.data(), sparse, y, ldy};
  }
};

void CheckMarkPanel(const Variant& v, const Kernels& with_scale_panel, std::size_t items, std::size_t channels,
                    bool sign, unsigned bits) {
  const Products products(v, items, channels);
  std::vector<float> y(channels * kTileRows);
  with_scale_panel.scale_panel(products.Args(y.data(), kTileRows));
  // Products lie on the thresholds; some are never reached.
  const std::size_t count = (std::size_t{1} << bits) - 1, stride = channels + 3;
  std::vector<float> thresholds(count * stride);
  for (std::size_t c = 0; c < channels; ++c) {
    std::array<float, 3> of_channel;
    for (float& t : of_channel)
      t = RandomBelow(4) == 0 ? std::numeric_limits<float>::infinity() : y[c * kTileRows + RandomBelow(items)];
    std::sort(of_channel.begin(), of_channel.begin() + static_cast<std::ptrdiff_t>(count));
    for (std::size_t j = 0; j < count; ++j) thresholds[j * stride + c] = of_channel[j];
  }
  const std::size_t plane = channels + 2;
  std::vector<std::uint64_t> marks(bits * plane, 0x5eadbeef5eadbeefu);
  v.kernels.mark_panel({products.Args(nullptr, 0), sign, bits, thresholds.data(), stride, marks.data(), plane});
  const std::size_t written = (items + 15) / 16 * 16;
  for (unsigned p = 0; p < bits; ++p)
    for (std::size_t c = 0; c < plane; ++c) {
      const std::uint64_t got = marks[p * plane + c];
      for (std::size_t i = 0; i < 64; ++i) {
        unsigned expected = (0x5eadbeef5eadbeefu >> i) & 1;
        if (c < channels && i >= items && i < written) continue;
        if (c < channels && i < items) {
          const float product = y[c * kTileRows + i];
          unsigned code = 0;
          for (std::size_t j = 0; j < count; ++j) {
            const float threshold = thresholds[j * stride + c];
            code += sign ? product < threshold : product >= threshold;
          }
          expected = (code >> p) & 1;
        }
        CHECK(((got >> i) & 1) == expected, v.name + ", channel " + std::to_string(c) + ", row " + std::to_string(i));
      }
    }
}

TEST(MarkPanelComparesWithThresholds) {
  for (const Variant& v : VariantsOf(&Kernels::mark_panel))
    for (const Variant& s : VariantsOf(&Kernels::scale_panel))
      for (const std::size_t items : {1, 16, 25, 33, 64})
        for (const std::size_t channels : {1, 5, 16}) {
          CheckMarkPanel(v, s.kernels, items, channels, true, 1);
          CheckMarkPanel(v, s.kernels, items, channels, false, 1);
          CheckMarkPanel(v, s.kernels, items, channels, false, 2);
        }
}

}  // namespace
}  // namespace test
}  // namespace apb
