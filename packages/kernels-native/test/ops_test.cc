// Whole operations on every instruction set against plain loops, with buffers of exact size. The conformance
// suite tests the same contract through JavaScript; here the sanitizers watch.
#include <cmath>
#include <functional>

#include "ops/layer.h"
#include "ops/op.h"
#include "test/check.h"

namespace apb {
namespace test {
namespace {

constexpr Encoding kSign = {true, 1, 0, 0.5f};

Encoding Code(unsigned bits, float base) { return {false, bits, base, 0.25f}; }

// A convolution, or a matrix product when `geometry` is a 1x1 one on 1x1 pictures.
struct Case {
  ConvGeometry geometry;
  std::size_t batch, height, width;
};

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {{5, 7, 1, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}}, 2, 3, 3},     // pointwise, as it lies in memory
      {{64, 17, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, 1, 9, 8},   // more than one tile and panel
      {{3, 16, 1, {3, 2}, {2, 1}, {1, 2}, {2, 0, 1, 3}}, 2, 6, 5},    // four-sided pads, stride, dilation
      {{6, 4, 2, {2, 3}, {1, 2}, {2, 1}, {0, 1, 2, 0}}, 1, 5, 6},     // groups
      {{33, 33, 33, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, 1, 4, 4},  // depthwise, beyond a word
      {{70, 3, 1, {5, 5}, {3, 3}, {1, 1}, {4, 4, 4, 4}}, 1, 3, 2},    // pads wider than the picture
      {{2, 2, 1, {1, 1}, {1, 1}, {1, 1}, {3, 3, 3, 3}}, 1, 1, 1},     // positions that see nothing
      {{40, 64, 2, {3, 3}, {2, 2}, {1, 1}, {1, 0, 1, 1}},
       3,
       9,
       19},                                                          // panels of groups, tiles that begin within a line
      {{256, 5, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, 1, 5, 4},  // lines at a distance of 4 KiB
      {{1024, 2, 2, {1, 3}, {1, 1}, {1, 1}, {0, 1, 0, 1}}, 1, 2, 5},   // pixels at such a distance
      {{2, 3, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, 1, 2, 1000},   // lines longer than a tile
      {{70, 140, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, 2, 4, 9},   // three blocks of looked up channels
      {{200, 65, 1, {3, 3}, {2, 1}, {1, 2}, {1, 2, 0, 1}}, 1, 5, 19},  // their taps in parts
      {{700, 9, 1, {3, 1}, {1, 1}, {3, 1}, {3, 0, 3, 0}}, 2, 4, 12},   // and in pieces of taps
      {{8, 5, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, 1, 3, 1500},   // lines of tables too wide to be kept
      {{8, 5, 1, {3, 3}, {1, 3}, {1, 2}, {1, 2, 1, 2}}, 1, 3, 1500},   // of which not all pixels are seen
      {{3, 20, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, 2, 16, 16},   // tiles that look alike: of four lines
      {{3, 5, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, 2, 9, 32},     // and of two
      {{3, 5, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, 3, 20, 20},    // many tiles of several pictures
      {{5, 9, 1, {7, 7}, {1, 1}, {1, 1}, {3, 3, 3, 3}}, 1, 16, 15},    // more than 32 taps
      {{16400, 2, 1, {2, 2}, {1, 1}, {1, 1}, {0, 1, 1, 0}}, 1, 2, 2},  // sparse rows of two blocks of columns
      {{65537, 2, 1, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}}, 1, 1, 3},  // the second of one column
  };
  return cases;
}

std::size_t DepthOf(const ConvGeometry& g) { return g.kernel.y * g.kernel.x * (g.in_channels / g.groups); }

// Random binary weights with full-precision ones, about a fifth; row 0 has none.
struct Binary {
  std::size_t rows, k;
  std::vector<std::uint32_t> planes, positions;
  std::vector<float> scales, values, dense;

  Binary(std::size_t rows, std::size_t k) : rows(rows), k(k), planes(rows * ((k + 31) / 32), 0) {
    for (std::size_t r = 0; r < rows; ++r) scales.push_back(0.25f + static_cast<float>(RandomBelow(8)) / 4);
    for (std::size_t i = 0; i < rows * k; ++i) {
      const bool negative = Random() & 1;
      const std::size_t column = i % k;
      if (negative) planes[i / k * ((k + 31) / 32) + column / 32] |= 1u << (column % 32);
      dense.push_back(negative ? -scales[i / k] : scales[i / k]);
      if (i < k || RandomBelow(5)) continue;
      positions.push_back(static_cast<std::uint32_t>(i));
      values.push_back(3 * RandomFloat());
      dense.back() = values.back();
    }
  }
  SourceWeights Source() const {
    return {rows, k, 1, planes.data(), scales.data(), scales.size(), positions.data(), values.data(), values.size()};
  }
};

// What a code stands for.
float ValueOf(const Encoding& e, unsigned q) {
  return e.sign ? (q ? -e.step : e.step) : e.base + e.step * static_cast<float>(q);
}

struct Input {
  Buffer buffer;
  std::vector<float> values;
};

Input RandomPlanes(const Shape& shape, const Encoding& encoding) {
  Input input = {Buffer(shape, encoding), {}};
  std::vector<std::uint32_t> canonical(CanonicalWords(input.buffer), 0);
  const std::size_t rows = input.buffer.rows(), k = input.buffer.k(), words = (k + 31) / 32;
  for (std::size_t i = 0; i < rows * k; ++i) {
    const unsigned q = static_cast<unsigned>(RandomBelow(1u << encoding.bits));
    for (unsigned p = 0; p < encoding.bits; ++p)
      canonical[(p * rows + i / k) * words + i % k / 32] |= ((q >> p) & 1) << (i % k % 32);
    input.values.push_back(ValueOf(encoding, q));
  }
  ImportPlanes(canonical.data(), input.buffer);
  std::vector<std::uint32_t> back(canonical.size(), 1);
  ExportPlanes(input.buffer, back.data());
  CHECK(back == canonical, "planes survive the way in and out");
  return input;
}

Input RandomFloats(const Shape& shape) {
  Input input = {Buffer(shape, std::nullopt), {}};
  for (std::size_t i = 0; i < input.buffer.size(); ++i)
    input.values.push_back(input.buffer.floats()[i] = 2 * RandomFloat());
  return input;
}

// Calls visit(output index, sum of products, sum of their magnitudes) for the zero-padded convolution in
// float64.
void Convolve(const Case& c, std::size_t out_h, std::size_t out_w, const std::vector<float>& x,
              const std::vector<float>& w, const std::function<void(std::size_t, double, double)>& visit) {
  const ConvGeometry& g = c.geometry;
  const std::size_t channels = g.in_channels / g.groups, k = DepthOf(g);
  std::size_t index = 0;
  for (std::size_t n = 0; n < c.batch; ++n)
    for (std::size_t oy = 0; oy < out_h; ++oy)
      for (std::size_t ox = 0; ox < out_w; ++ox)
        for (std::size_t o = 0; o < g.out_channels; ++o, ++index) {
          double sum = 0, magnitude = 0;
          for (std::size_t l = 0; l < k; ++l) {
            const std::size_t ky = l / channels / g.kernel.x, kx = l / channels % g.kernel.x;
            const long y = static_cast<long>(oy * g.strides.y + ky * g.dilations.y) - static_cast<long>(g.pads.top);
            const long xx = static_cast<long>(ox * g.strides.x + kx * g.dilations.x) - static_cast<long>(g.pads.left);
            if (y < 0 || xx < 0 || y >= static_cast<long>(c.height) || xx >= static_cast<long>(c.width)) continue;
            const std::size_t pixel =
                (n * c.height + static_cast<std::size_t>(y)) * c.width + static_cast<std::size_t>(xx);
            const std::size_t group = o / (g.out_channels / g.groups);
            const double term =
                static_cast<double>(w[o * k + l]) * x[pixel * g.in_channels + group * channels + l % channels];
            sum += term;
            magnitude += std::fabs(term);
          }
          visit(index, sum, magnitude);
        }
}

Epilogue Identity(std::size_t channels) {
  return {std::vector<float>(channels, 1.0f), std::vector<float>(channels, 0.0f), {}, std::nullopt};
}

std::size_t Outputs(std::size_t size, std::size_t kernel, std::size_t stride, std::size_t dilation, std::size_t pads) {
  return (size + pads - (dilation * (kernel - 1) + 1)) / stride + 1;
}

// `encoding` absent: float input.
void CheckLayer(const Case& c, const std::optional<Encoding>& encoding) {
  const ConvGeometry& g = c.geometry;
  const std::size_t h = Outputs(c.height, g.kernel.y, g.strides.y, g.dilations.y, g.pads.top + g.pads.bottom);
  const std::size_t w = Outputs(c.width, g.kernel.x, g.strides.x, g.dilations.x, g.pads.left + g.pads.right);
  const Shape in_shape = {c.batch, c.height, c.width, g.in_channels};
  const Input x = encoding ? RandomPlanes(in_shape, *encoding) : RandomFloats(in_shape);
  const Binary source(g.out_channels, DepthOf(g));
  std::vector<float> first;
  for (const Variant& v : Variants()) {
    const Weights weights = PackWeights(source.Source(), encoding ? encoding->bits : 32, g, v.kernels);
    Buffer out({c.batch, h, w, g.out_channels}, std::nullopt);
    Run(v.kernels, LayerOp{true, Identity(g.out_channels)}, {{&x.buffer}, &out, &weights});
    const std::vector<float> got(out.floats(), out.floats() + out.size());
    Convolve(c, h, w, x.values, source.dense, [&](std::size_t i, double sum, double magnitude) {
      // Float input: k float32 terms. Quantized: the decomposition adds alpha * S and R, whose terms are at
      // most the weight's scale (below 2.25) and 5.25 in size against weights that may be near 0, hence the
      // constant.
      const double k = static_cast<double>(source.k);
      const double bound = 2 * (k + 8) * std::ldexp(1.0, -24) * (magnitude + (encoding ? 10 * k * 4 : 0) + 1e-30);
      CHECK(std::fabs(got[i] - sum) <= bound, v.name + ", output " + std::to_string(i) + " got " +
                                                  std::to_string(got[i]) + ", expected " + std::to_string(sum));
    });
    if (first.empty()) first = got;
    if (encoding) CHECK(got == first, v.name + " differs in bits from portable");
  }
}

TEST(LayersWithFloatInput) {
  for (const Case& c : Cases()) CheckLayer(c, std::nullopt);
}

TEST(LayersWithQuantizedInput) {
  for (const Case& c : Cases())
    for (const Encoding& e : {kSign, Code(1, 0), Code(2, -0.375f), Code(4, 0), Code(8, 0.5f)}) CheckLayer(c, e);
}

// Parts of threads begin within a line of outputs; channels fill no word; planes of both kinds on the way out, with and
// without a residual, the same bits from every instruction set.
void CheckThreads(const ConvGeometry& g) {
  const Binary source(g.out_channels, DepthOf(g));
  const Shape out_shape = {3, 12, 13, 120};
  const Input residual = RandomFloats(out_shape);
  for (const Encoding& e : {kSign, Code(2, 0), Code(2, -0.375f)}) {
    const Input x = RandomPlanes({3, 24, 27, 40}, e);
    for (const Encoding& to : {Encoding{true, 1, 0, 1}, Code(1, 0), Code(2, 0), Code(4, 0)})
      for (const Buffer* added : {&residual.buffer, static_cast<const Buffer*>(nullptr)}) {
        Epilogue epilogue = Identity(120);
        epilogue.scale[1] = -0.5f;
        epilogue.scale[2] = 0;
        epilogue.quantizer = Quantizer{to, 0, 0.75f, static_cast<float>((1u << to.bits) - 1) / 0.75f};
        std::vector<std::uint64_t> first;
        for (const Variant& v : Variants()) {
          const Weights weights = PackWeights(source.Source(), e.bits, g, v.kernels);
          for (const std::size_t threads : {1, 2, 3}) {
            Kernels kernels = v.kernels;
            kernels.threads = threads;
            Buffer out(out_shape, to);
            Operands operands = {{&x.buffer}, &out, &weights};
            if (added) operands.inputs.push_back(added);
            Run(kernels, LayerOp{true, epilogue}, operands);
            const std::vector<std::uint64_t> got(out.words(), out.words() + out.rows() * out.words_per_row());
            if (first.empty()) first = got;
            CHECK(got == first, v.name + ", threads " + std::to_string(threads) + ", bits " + std::to_string(to.bits));
          }
        }
      }
  }
}

TEST(LayersDoNotDependOnThreads) {
  for (const std::size_t groups : {1, 5}) CheckThreads({40, 120, groups, {3, 3}, {2, 2}, {1, 1}, {1, 0, 1, 1}});
}

// The codes of a matrix product of random codes with these weights.
std::vector<std::uint64_t> CodesOf(const Kernels& kernels, const Weights& weights, const Epilogue& epilogue,
                                   const Buffer& x) {
  Buffer out({x.rows(), weights.rows}, epilogue.quantizer->encoding);
  Run(kernels, LayerOp{false, epilogue}, {{&x}, &out, &weights});
  return {out.words(), out.words() + out.rows() * out.words_per_row()};
}

std::string NameOf(const Variant& v, const Epilogue& epilogue) {
  return v.name + ", bits " + std::to_string(epilogue.quantizer->encoding.bits);
}

// Products of these activations with weights of scale 0.5 and full-precision ones of this size and either sign.
struct Extreme {
  Encoding encoding;
  float value;
};

Encoding WithStep(Encoding encoding, float step) {
  encoding.step = step;
  return encoding;
}

// Where sums or products pass the range of floats on the way, with infinities of either sign, what is not a number has
// the same code everywhere, whatever batch norm does.
TEST(ProductsBeyondFloatsHaveTheSameCodes) {
  constexpr std::size_t kRows = 20, kColumns = 70;
  const std::vector<std::uint32_t> planes(kRows * 3, 0x2cu);
  const float scale = 0.5f;
  std::vector<std::uint32_t> positions;
  for (std::uint32_t n = 0; n < kRows; ++n)
    for (const std::uint32_t column : {1u, 30u, 66u}) positions.push_back(n * kColumns + column);
  for (const Extreme& extreme : {Extreme{Code(2, 0), 3e38f},
                                 {WithStep(kSign, -3e38f), 5},
                                 {WithStep(kSign, 3e38f), 5},
                                 {WithStep(Code(2, 0), -3e38f), 5},
                                 {WithStep(Code(4, 0), 1e-3f), 4.5e37f},
                                 {WithStep(kSign, 1e-3f), 2e38f}}) {
    std::vector<float> values;
    for (const std::uint32_t at : positions) values.push_back(at % kColumns == 30 ? -extreme.value : extreme.value);
    const SourceWeights source = {kRows,         kColumns,     1, planes.data(), &scale, 1, positions.data(),
                                  values.data(), values.size()};
    const Input x = RandomPlanes({40, kColumns}, extreme.encoding);
    const Input usual = RandomPlanes({40, kColumns}, WithStep(extreme.encoding, 1e-30f));
    for (const Encoding& to : {kSign, Code(1, 0), Code(2, 0)}) {
      Epilogue epilogue = Identity(kRows);
      for (std::size_t n = 0; n < kRows; ++n) epilogue.scale[n] = static_cast<float>(n % 3) - 1;
      epilogue.quantizer = Quantizer{to, 0, 0.75f, static_cast<float>((1u << to.bits) - 1) / 0.75f};
      std::vector<std::uint64_t> first;
      for (const Variant& v : Variants()) {
        const Weights weights = PackWeights(source, extreme.encoding.bits, std::nullopt, v.kernels);
        CodesOf(v.kernels, weights, epilogue, usual.buffer);  // what is kept for another step is not taken
        const std::vector<std::uint64_t> got = CodesOf(v.kernels, weights, epilogue, x.buffer);
        if (first.empty()) first = got;
        CHECK(got == first, NameOf(v, epilogue) + ", step " + std::to_string(extreme.encoding.step));
      }
    }
  }
}

// What is kept for one epilogue is not taken for another, whatever differs.
TEST(WeightsMeetSeveralEpilogues) {
  constexpr std::size_t kRows = 20, kColumns = 70;
  const Binary source(kRows, kColumns);
  const Input x = RandomPlanes({40, kColumns}, Code(2, 0));
  Epilogue first = Identity(kRows);
  first.activation = {Activation::Kind::kClamp, -2, 2, {}};
  first.quantizer = Quantizer{Code(2, 0), -1, 1, 1.5f};
  const std::vector<std::function<void(Epilogue&)>> changes = {
      [](Epilogue& e) { e.scale[3] = -1; },
      [](Epilogue& e) { e.shift[19] = 1; },
      [](Epilogue& e) { e.activation.kind = Activation::Kind::kRelu; },
      [](Epilogue& e) { e.activation.min = 0.5f; },
      [](Epilogue& e) { e.activation.max = -0.5f; },
      [](Epilogue& e) { e.quantizer->encoding = kSign; },
      [](Epilogue& e) { e.quantizer->lo = 0; },
      [](Epilogue& e) { e.quantizer->hi = 0; },
      [](Epilogue& e) { e.quantizer->inv = 1; },
  };
  for (const Variant& v : Variants())
    for (const auto& change : changes) {
      Epilogue second = first;
      change(second);
      const Weights kept = PackWeights(source.Source(), 2, std::nullopt, v.kernels);
      const Weights fresh = PackWeights(source.Source(), 2, std::nullopt, v.kernels);
      const std::vector<std::uint64_t> of_first = CodesOf(v.kernels, kept, first, x.buffer);
      const std::vector<std::uint64_t> of_second = CodesOf(v.kernels, kept, second, x.buffer);
      CHECK(of_second != of_first, "the change shows, " + NameOf(v, second));
      CHECK(of_second == CodesOf(v.kernels, fresh, second, x.buffer), NameOf(v, second));
    }
}

// What is kept for one size of pictures and one encoding is not taken for another.
TEST(WeightsMeetPicturesOfSeveralSizes) {
  const ConvGeometry g = {5, 9, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}};
  const Binary source(g.out_channels, DepthOf(g));
  for (const Variant& v : Variants()) {
    const Weights kept = PackWeights(source.Source(), 2, g, v.kernels);
    for (int i = 0; i < 12; ++i) {
      const Shape shape = {1, 3 + RandomBelow(3), 3 + RandomBelow(3), 5}, out_shape = {1, shape[1], shape[2], 9};
      const Input x = RandomPlanes(shape, Code(2, RandomBelow(2) ? -0.375f : 0.25f));
      const Weights fresh = PackWeights(source.Source(), 2, g, v.kernels);
      Buffer out(out_shape, std::nullopt), expected(out_shape, std::nullopt);
      Run(v.kernels, LayerOp{true, Identity(9)}, {{&x.buffer}, &out, &kept});
      Run(v.kernels, LayerOp{true, Identity(9)}, {{&x.buffer}, &expected, &fresh});
      CHECK(std::equal(out.floats(), out.floats() + out.size(), expected.floats()), v.name);
    }
  }
}

// Written beside the floats, or after them where a set of kernels has no such way: the signs that quantizing gives.
TEST(LayersWriteSignsOfFloats) {
  const Encoding sign = {true, 1, 0, 1};
  for (const std::size_t channels : {5, 16, 80, 128})
    for (const std::size_t groups : {1, 5}) {
      if (channels % groups) continue;
      const ConvGeometry g = {40, channels, groups, {3, 3}, {1, 1}, {1, 1}, {1, 0, 1, 1}};
      const Binary source(channels, DepthOf(g));
      const Shape out_shape = {3, 24, 26, channels};
      const Input residual = RandomFloats(out_shape), x = RandomPlanes({3, 24, 27, 40}, Code(2, 0));
      Epilogue epilogue = Identity(channels);
      epilogue.scale[0] = epilogue.scale.back() = 0;  // with no residual there, zeros
      for (const Variant& v : Variants())
        for (const std::size_t threads : {1, 3})
          for (const Buffer* added : {&residual.buffer, static_cast<const Buffer*>(nullptr)}) {
            Kernels kernels = v.kernels;
            kernels.threads = threads;
            const Weights weights = PackWeights(source.Source(), 2, g, v.kernels);
            Buffer out(out_shape, std::nullopt), signs(out_shape, sign), expected(out_shape, sign);
            std::fill(signs.words(), signs.words() + signs.rows() * signs.words_per_row(), ~std::uint64_t{0});
            Operands operands = {{&x.buffer}, &out, &weights, &signs};
            if (added) operands.inputs.push_back(added);
            Run(kernels, LayerOp{true, epilogue}, operands);
            Run(kernels, QuantizeOp{{sign, 0, 0, 0}}, {{&out}, &expected, nullptr});
            CHECK(std::equal(signs.words(), signs.words() + signs.rows() * signs.words_per_row(), expected.words()),
                  v.name + ", channels " + std::to_string(channels) + ", groups " + std::to_string(groups));
          }
    }
}

// Tiles of neighbours, and of inner positions of several lines: floats and their signs go to the right places after
// either kind.
TEST(LayersFinishTilesOfEveryKind) {
  const Encoding sign = {true, 1, 0, 1};
  const ConvGeometry g = {20, 48, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}};
  const Binary source(g.out_channels, DepthOf(g));
  const Shape out_shape = {2, 5, 70, 48};
  const Input x = RandomPlanes({2, 5, 70, 20}, kSign), residual = RandomFloats(out_shape);
  std::vector<float> first;
  for (const Variant& v : Variants()) {
    const Weights weights = PackWeights(source.Source(), 1, g, v.kernels);
    Buffer out(out_shape, std::nullopt), signs(out_shape, sign), expected(out_shape, sign);
    Run(v.kernels, LayerOp{true, Identity(48)}, {{&x.buffer, &residual.buffer}, &out, &weights, &signs});
    Run(v.kernels, QuantizeOp{{sign, 0, 0, 0}}, {{&out}, &expected, nullptr});
    const std::vector<float> got(out.floats(), out.floats() + out.size());
    if (first.empty()) first = got;
    CHECK(got == first, v.name);
    CHECK(std::equal(signs.words(), signs.words() + signs.rows() * signs.words_per_row(), expected.words()), v.name);
  }
}

// Tiles of floats are whole lines, which parts do not end with.
TEST(FloatLayersDoNotDependOnThreads) {
  const ConvGeometry g = {16, 64, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}};
  const Binary source(g.out_channels, DepthOf(g));
  const Shape shape = {3, 25, 29, 16}, out_shape = {3, 25, 29, 64};
  const Input x = RandomFloats(shape);
  for (const Variant& v : Variants()) {
    const Weights weights = PackWeights(source.Source(), 32, g, v.kernels);
    std::vector<float> first;
    for (const std::size_t threads : {1, 2, 3}) {
      Kernels kernels = v.kernels;
      kernels.threads = threads;
      Buffer out(out_shape, std::nullopt);
      Run(kernels, LayerOp{true, Identity(64)}, {{&x.buffer}, &out, &weights});
      const std::vector<float> got(out.floats(), out.floats() + out.size());
      if (first.empty()) first = got;
      CHECK(got == first, v.name + ", threads " + std::to_string(threads));
    }
  }
}

// Both 2-bit weights and signs, on sums that plain integers give.
TEST(IntegerProductsAreExact) {
  for (const std::size_t k : {1, 31, 64, 65, 96, 97, 200})
    for (const std::size_t m : {1, 12, 20, 29, 45, 64, 67})
      for (const Encoding& e :
           {Encoding{true, 1, 0, 1}, Encoding{false, 1, 0, 1}, Encoding{false, 2, 0, 1}, Encoding{false, 4, 0, 1}}) {
        const std::size_t rows = 18;
        const Input x = RandomPlanes({m, k}, e);
        std::vector<std::uint32_t> planes(2 * rows * ((k + 31) / 32), 0);
        std::vector<int> codes(rows * k);
        for (std::size_t i = 0; i < rows * k; ++i) {
          const unsigned p = static_cast<unsigned>(RandomBelow(4));
          codes[i] = 2 * static_cast<int>(p) - 3;
          for (unsigned u = 0; u < 2; ++u)
            planes[(u * rows + i / k) * ((k + 31) / 32) + i % k / 32] |= ((p >> u) & 1) << (i % k % 32);
        }
        const float scale = 1;
        SourceWeights source = {rows, k, 2, planes.data(), &scale, 1, nullptr, nullptr, 0};
        for (const Variant& v : Variants()) {
          const Weights weights = PackWeights(source, e.bits, std::nullopt, v.kernels);
          std::vector<std::int32_t> out(m * rows);
          RunGemmInt(v.kernels, x.buffer, weights, out.data(), out.size());
          for (std::size_t i = 0; i < m; ++i)
            for (std::size_t j = 0; j < rows; ++j) {
              int expected = 0;
              for (std::size_t l = 0; l < k; ++l) expected += codes[j * k + l] * static_cast<int>(x.values[i * k + l]);
              CHECK(out[i * rows + j] == expected, v.name + ", k " + std::to_string(k));
            }
        }
      }
}

// Signs as weights, with rows of tables that several parts of k take.
TEST(IntegerProductsOfSignsAreExact) {
  for (const std::size_t k : {5, 385, 961, 2000})
    for (const std::size_t m : {1, 9, 67})
      for (const Encoding& e : {Encoding{true, 1, 0, 1}, Code(1, 0), Code(2, 0), Code(4, 0)}) {
        const Input x = RandomPlanes({m, k}, e);
        const Binary binary(130, k);
        SourceWeights source = binary.Source();
        source.value_count = 0;
        const float step = e.sign ? 1 : e.step;
        for (const Variant& v : Variants()) {
          const Weights weights = PackWeights(source, e.bits, std::nullopt, v.kernels);
          std::vector<std::int32_t> out(m * source.rows);
          RunGemmInt(v.kernels, x.buffer, weights, out.data(), out.size());
          for (std::size_t i = 0; i < m; ++i)
            for (std::size_t j = 0; j < source.rows; j += 43) {
              int expected = 0;
              for (std::size_t l = 0; l < k; ++l) {
                const bool negative = source.planes[j * ((k + 31) / 32) + l / 32] >> (l % 32) & 1;
                const int value = static_cast<int>(x.values[i * k + l] / step);
                expected += negative ? -value : value;
              }
              CHECK(out[i * source.rows + j] == expected, v.name + ", k " + std::to_string(k));
            }
        }
      }
}

TEST(PlanesAreReshaped) {
  for (const auto& [from, to] : std::vector<std::pair<Shape, Shape>>{
           {{2, 3, 3, 5}, {2, 45}}, {{1, 130}, {13, 10}}, {{4, 64}, {2, 128}}, {{3, 1}, {1, 3}}}) {
    Input x = RandomPlanes(from, Code(4, 0));
    Buffer out(to, Code(4, 0)), floats(to, std::nullopt);
    Run({}, ReshapeOp{}, {{&x.buffer}, &out, nullptr});
    Run({}, DequantizeOp{}, {{&out}, &floats, nullptr});
    for (std::size_t i = 0; i < floats.size(); ++i) CHECK(floats.floats()[i] == x.values[i], ToString(to));
  }
}

TEST(PoolsStayInBounds) {
  const PoolGeometry g = {{3, 2}, {2, 2}, {2, 1, 1, 1}};
  for (const Variant& v : Variants()) {
    Input x = RandomFloats({2, 5, 4, 3});
    Buffer max({2, 3, 3, 3}, std::nullopt), mean({2, 3, 3, 3}, std::nullopt), global({2, 3}, std::nullopt);
    Run(v.kernels, MaxPoolOp{g}, {{&x.buffer}, &max, nullptr});
    Run(v.kernels, AvgPoolOp{g, false}, {{&x.buffer}, &mean, nullptr});
    Run(v.kernels, GlobalAvgPoolOp{}, {{&x.buffer}, &global, nullptr});
    for (std::size_t i = 0; i < max.size(); ++i) CHECK(max.floats()[i] >= mean.floats()[i], v.name);
  }
}

template <typename F>
void ExpectRefusal(const char* what, F f) {
  bool refused = false;
  try {
    f();
  } catch (const ContractError&) {
    refused = true;
  }
  CHECK(refused, what);
}

TEST(NoRowsAreNoWork) {
  const Binary source(4, 18);
  for (const Variant& v : Variants())
    for (const unsigned bits : {1u, 8u, 32u}) {
      const Weights weights = PackWeights(source.Source(), bits, std::nullopt, v.kernels);
      const std::optional<Encoding> encoding = bits == 32 ? std::nullopt : std::optional<Encoding>(Code(bits, 0));
      const Buffer x({0, 18}, encoding);
      Buffer out({0, 4}, std::nullopt);
      Run(v.kernels, LayerOp{false, Identity(4)}, {{&x}, &out, &weights});
    }
}

// A few outputs may look at much padding: memory stays in proportion to the pictures, or the layer is refused.
TEST(HugePaddingIsRefused) {
  const Binary source(4, 2);
  for (const Variant& v : Variants())
    for (const std::size_t pad : {std::size_t{1} << 20, std::size_t{1} << 31}) {
      const ConvGeometry g = {2, 4, 1, {1, 1}, {pad, pad}, {1, 1}, {pad, pad, pad, pad}};
      const Weights weights = PackWeights(source.Source(), 1, g, v.kernels);
      const Input x = RandomPlanes({1, 1, 1, 2}, Code(1, 0));
      Buffer out({1, 3, 3, 4}, std::nullopt);
      ExpectRefusal("huge pads", [&] { Run(v.kernels, LayerOp{true, Identity(4)}, {{&x.buffer}, &out, &weights}); });
    }
}

TEST(PoolsNeedPixels) {
  const Kernels kernels = Variants().back().kernels;
  const Buffer x({1, 0, 4, 3}, std::nullopt);
  Buffer out({1, 1, 3, 3}, std::nullopt);
  const PoolGeometry g = {{2, 2}, {1, 1}, {1, 0, 1, 0}};
  ExpectRefusal("max of nothing", [&] { Run(kernels, MaxPoolOp{g}, {{&x}, &out, nullptr}); });
  ExpectRefusal("mean of nothing", [&] { Run(kernels, AvgPoolOp{g, false}, {{&x}, &out, nullptr}); });
}

TEST(WhatDoesNotFitIsRefused) {
  const Binary source(4, 18);
  const ConvGeometry g = {2, 4, 1, {3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}};
  const Kernels kernels = Variants().back().kernels;
  const Weights weights = PackWeights(source.Source(), 32, g, kernels);
  Input x = RandomFloats({1, 3, 3, 2});
  Buffer wrong({1, 1, 2, 4}, std::nullopt), right({1, 1, 1, 4}, std::nullopt), small({1, 2, 2, 2}, std::nullopt);
  const LayerOp op = {true, Identity(4)};
  Run(kernels, op, {{&x.buffer}, &right, &weights});
  ExpectRefusal("output shape", [&] { Run(kernels, op, {{&x.buffer}, &wrong, &weights}); });
  ExpectRefusal("input too small", [&] { Run(kernels, op, {{&small}, &right, &weights}); });
  ExpectRefusal("no weights", [&] { Run(kernels, op, {{&x.buffer}, &right, nullptr}); });
  ExpectRefusal("in place", [&] { Run(kernels, op, {{&right}, &right, &weights}); });
  ExpectRefusal("short epilogue", [&] { Run(kernels, LayerOp{true, Identity(3)}, {{&x.buffer}, &right, &weights}); });
  ExpectRefusal("a matrix product with these weights",
                [&] { Run(kernels, LayerOp{false, Identity(4)}, {{&x.buffer}, &right, &weights}); });
  ExpectRefusal("overflowing sums", [&] {
    SourceWeights huge = source.Source();
    huge.k = std::size_t{1} << 31;
    PackWeights(huge, 1, std::nullopt, kernels);
  });
  ExpectRefusal("a shape beyond memory", [&] { Buffer({std::size_t{1} << 40, std::size_t{1} << 40}, std::nullopt); });
  ExpectRefusal("groups that do not divide", [&] {
    ConvGeometry odd = g;
    odd.groups = 3;
    PackWeights(source.Source(), 32, odd, kernels);
  });
}

}  // namespace
}  // namespace test
}  // namespace apb
