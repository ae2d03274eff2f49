// What happens to whole rows before and after products, against plain loops. Arrays have no spare elements.
#include <cmath>

#include "test/check.h"

namespace apb {
namespace test {
namespace {

TEST(CopyPatchesCopiesEveryRun) {
  for (const Variant& v : VariantsOf(&Kernels::copy_patches))
    for (std::size_t run = 1; run <= 200; run += run < 130 ? 1 : 17) {
      const std::size_t step = 5, pitch = 2 * run + 7, rows = 3, lines = 3, to_stride = lines * run + 4;
      std::vector<std::uint8_t> from((rows - 1) * step + (lines - 1) * pitch + run);
      for (auto& byte : from) byte = static_cast<std::uint8_t>(Random() >> 40);
      std::vector<std::uint8_t> to((rows - 1) * to_stride + lines * run, 0xa5);
      v.kernels.copy_patches({from.data(), step, pitch, rows, lines, run, to.data(), to_stride});
      for (std::size_t at = 0; at < to.size(); ++at) {
        const std::size_t i = at / to_stride, y = at % to_stride / run, b = at % to_stride % run;
        const std::uint8_t expected = y < lines ? from[i * step + y * pitch + b] : 0xa5;
        CHECK(to[at] == expected, v.name + ", run " + std::to_string(run));
      }
    }
}

struct FinishCase {
  std::size_t channels;
  bool integers, residual, in_place, bounded;
};

void CheckFinishRows(const Variant& v, const FinishCase& s) {
  const std::size_t rows = 3, stride = s.channels + 3;
  const auto floats = [](std::size_t count) {
    std::vector<float> values(count);
    for (float& value : values) value = RandomFloat();
    return values;
  };
  std::vector<float> products = floats((rows - 1) * stride + s.channels);
  const std::vector<float> before = products, residual = floats(rows * s.channels);
  const std::vector<float> integer_scale = floats(s.channels), scale = floats(s.channels), shift = floats(s.channels);
  std::vector<std::int32_t> integers(products.size());
  for (auto& x : integers) x = static_cast<std::int32_t>(Random() >> 36);
  std::vector<float> dense(rows * s.channels);
  float* out = s.in_place ? products.data() : dense.data();
  const std::size_t out_stride = s.in_place ? stride : s.channels;
  v.kernels.finish_rows({s.integers ? nullptr : products.data(), integers.data(), integer_scale.data(), stride, rows,
                         s.channels, scale.data(), shift.data(), s.residual ? residual.data() : nullptr, out,
                         out_stride, s.bounded, -0.25f, 0.75f});
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t n = 0; n < s.channels; ++n) {
      volatile float x = before[i * stride + n];
      if (s.integers) x = integer_scale[n] * static_cast<float>(integers[i * stride + n]);
      x = x * scale[n];
      x = x + shift[n];
      if (s.residual) x = x + residual[i * s.channels + n];
      if (s.bounded) x = x > -0.25f ? x : -0.25f;
      if (s.bounded) x = x < 0.75f ? x : 0.75f;
      CHECK(out[i * out_stride + n] == x, v.name + ", channels " + std::to_string(s.channels));
    }
}

TEST(FinishRowsRoundsEveryOperation) {
  for (const Variant& v : VariantsOf(&Kernels::finish_rows))
    for (std::size_t channels = 1; channels <= 37; ++channels)
      for (int flags = 0; flags < 16; ++flags)
        CheckFinishRows(
            v, {channels, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0 && (flags & 1) == 0, (flags & 8) != 0});
}

void CheckMaxWindow(const Variant& v, std::size_t lines, std::size_t pixels, std::size_t channels) {
  const std::size_t pixel = channels + 2, line = pixels * pixel + 3;
  std::vector<float> from((lines - 1) * line + (pixels - 1) * pixel + channels), out(channels);
  for (float& x : from) x = RandomBelow(4) ? RandomFloat() - 1 : RandomBelow(2) ? 0.0f : -0.0f;
  v.kernels.max_window({from.data(), line, pixel, lines, pixels, channels, out.data()});
  for (std::size_t c = 0; c < channels; ++c) {
    float best = from[c];
    for (std::size_t y = 0; y < lines; ++y)
      for (std::size_t x = 0; x < pixels; ++x)
        if (from[y * line + x * pixel + c] > best) best = from[y * line + x * pixel + c];
    CHECK(out[c] == best && std::signbit(out[c]) == std::signbit(best), v.name + ", channel " + std::to_string(c));
  }
}

TEST(MaxWindowTakesTheFirstOfEquals) {
  for (const Variant& v : VariantsOf(&Kernels::max_window))
    for (std::size_t channels = 1; channels <= 85; ++channels)
      for (const std::size_t lines : {1, 3})
        for (const std::size_t pixels : {1, 2}) CheckMaxWindow(v, lines, pixels, channels);
}

}  // namespace
}  // namespace test
}  // namespace apb
