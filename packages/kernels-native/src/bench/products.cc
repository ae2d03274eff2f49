#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <stdexcept>
#include <tuple>

#include "bench/bench.h"
#include "ops/op.h"
#include "ops/product.h"

namespace apb {
namespace {

// Bits of rows x k values: [rows][planes][words of 64 bits], padding bits zero.
struct BitMatrix {
  BitMatrix(std::size_t rows, std::size_t k, unsigned planes, std::mt19937_64& random)
      : rows(rows), k(k), planes(planes), words((k + 63) / 64), bits(rows * planes * words) {
    const std::uint64_t tail = k % 64 ? (std::uint64_t{1} << (k % 64)) - 1 : ~std::uint64_t{0};
    for (std::size_t i = 0; i < bits.size(); ++i)
      bits[i] = random() & (i % words == words - 1 ? tail : ~std::uint64_t{0});
  }
  const std::uint64_t* Plane(std::size_t row, unsigned p) const { return bits.data() + (row * planes + p) * words; }
  unsigned Code(std::size_t row, std::size_t column) const {
    unsigned code = 0;
    for (unsigned p = 0; p < planes; ++p)
      code |= static_cast<unsigned>((Plane(row, p)[column / 64] >> (column % 64)) & 1) << p;
    return code;
  }
  // The contract's planes: [planes][rows][words of 32 bits].
  std::vector<std::uint32_t> Canonical() const {
    const std::size_t halves = (k + 31) / 32;
    std::vector<std::uint32_t> out(planes * rows * halves);
    for (unsigned p = 0; p < planes; ++p)
      for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t w = 0; w < halves; ++w)
          out[(p * rows + row) * halves + w] = static_cast<std::uint32_t>(Plane(row, p)[w / 2] >> (w % 2 * 32));
    return out;
  }

  std::size_t rows, k;
  unsigned planes;
  std::size_t words;
  std::vector<std::uint64_t> bits;
};

// As many operand sets as pass a second-level cache of 1 MiB twice over, within reason.
std::size_t SetsFor(std::size_t bytes) {
  return std::min<std::size_t>(64, std::max<std::size_t>(4, (std::size_t{2} << 20) / std::max<std::size_t>(bytes, 1)));
}

template <typename F>
double Microseconds(F f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

// Weight and activation matrices of all sets.
struct BitOperands {
  BitOperands(unsigned weight_bits, unsigned activation_bits, const ProductShape& s) {
    std::mt19937_64 random(1);
    const std::size_t sets = SetsFor((s.m * weight_bits + s.n * activation_bits) * s.k / 8);
    for (std::size_t i = 0; i < sets; ++i) {
      weights.emplace_back(s.m, s.k, weight_bits, random);
      activations.emplace_back(s.n, s.k, activation_bits, random);
    }
  }
  std::vector<BitMatrix> weights, activations;
};

Weights PackBitWeights(const Kernels& kernels, const BitMatrix& matrix, unsigned activation_bits,
                       const std::vector<std::uint32_t>& positions = {}, const std::vector<float>& values = {}) {
  const std::vector<std::uint32_t> planes = matrix.Canonical();
  const float scale = 1;
  return PackWeights(
      {matrix.rows, matrix.k, matrix.planes, planes.data(), &scale, 1, positions.data(), values.data(), values.size()},
      activation_bits, std::nullopt, kernels);
}

// Value of a code: a sign for one bit where `sign`, 2p - 3 for weights of two bits.
int WeightValue(const BitMatrix& w, std::size_t row, std::size_t column) {
  const int code = static_cast<int>(w.Code(row, column));
  return w.planes == 1 ? 1 - 2 * code : 2 * code - 3;
}

// Cells that are compared at most: all of small and middling products, a sample of large ones.
constexpr std::size_t kMostChecked = 20000;

// Throws unless cells of out, [m][stride], are the products of set 0. `value` is that of an activation.
template <typename Value>
void Check(const std::string& variant, const BitMatrix& w, const BitMatrix& a, const std::int32_t* out,
           std::size_t stride, Value value) {
  const std::size_t cells = w.rows * a.rows;
  std::mt19937_64 random(2);
  std::vector<std::int8_t> weights(w.rows * w.k), values(a.rows * a.k);
  for (std::size_t i = 0; i < weights.size(); ++i)
    weights[i] = static_cast<std::int8_t>(WeightValue(w, i / w.k, i % w.k));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int8_t>(value(a.Code(i / a.k, i % a.k)));
  for (std::size_t i = 0; i < std::min(cells, kMostChecked); ++i) {
    const std::size_t cell = cells <= kMostChecked ? i : i == 0 ? cells - 1 : random() % cells;
    const std::size_t row = cell / a.rows, n = cell % a.rows;
    std::int32_t expected = 0;
    for (std::size_t l = 0; l < w.k; ++l) expected += weights[row * w.k + l] * values[n * w.k + l];
    if (out[row * stride + n] != expected)
      throw std::runtime_error("the product of " + variant + " is wrong at channel " + std::to_string(row) + ", row " +
                               std::to_string(n));
  }
}

// A full-precision weight; sums of these and of signs are exact in float32, in any order.
constexpr float kExceptional = 2.5f;

// Throws unless cells of out, [m][ProductStride], are the products of signs with weights of which those at `positions`
// are exceptional.
void CheckSparse(const BitMatrix& w, const std::vector<std::uint32_t>& positions, const BitMatrix& a,
                 const float* out) {
  std::vector<float> weights(w.rows * w.k);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(WeightValue(w, i / w.k, i % w.k));
  for (const std::uint32_t position : positions) weights[position] = kExceptional;
  const std::size_t cells = w.rows * a.rows, step = (cells + kMostChecked - 1) / kMostChecked;
  for (std::size_t cell = 0; cell < cells; cell += step) {
    const std::size_t row = cell / a.rows, n = cell % a.rows;
    float expected = 0;
    for (std::size_t l = 0; l < w.k; ++l) expected += weights[row * w.k + l] * (a.Code(n, l) ? -1.0f : 1.0f);
    if (out[row * ProductStride(a.rows) + n] != expected)
      throw std::runtime_error("the product with full-precision weights is wrong at channel " + std::to_string(row) +
                               ", row " + std::to_string(n));
  }
}

// Our product: set up, checked, ready to race.
Contender Ours(const Kernels& kernels, const BitOperands& operands) {
  struct State {
    std::vector<PackedActivations> a;
    std::vector<Weights> w;
    AlignedArray<std::int32_t> out;
  };
  auto state = std::make_shared<State>();
  double pack_us = 1e30;
  for (std::size_t i = 0; i < operands.weights.size(); ++i) {
    const BitMatrix& a = operands.activations[i];
    const bool sign = a.planes == 1;
    state->w.push_back(PackBitWeights(kernels, operands.weights[i], a.planes));
    PackedActivations packed;
    for (int repeat = 0; repeat < 5; ++repeat)
      pack_us = std::min(pack_us, Microseconds([&] {
                           packed = PackActivations(kernels, a.bits.data(), a.rows, a.planes, sign, state->w.back());
                         }));
    state->a.push_back(std::move(packed));
  }
  const BitMatrix &w = operands.weights[0], &a = operands.activations[0];
  const std::size_t stride = ProductStride(a.rows);
  state->out = AlignedArray<std::int32_t>::Zeros(w.rows * stride);
  MultiplyPacked(kernels, state->a[0], state->w[0], state->out.data());
  Check("apb", w, a, state->out.data(), stride,
        [&](unsigned code) { return a.planes == 1 ? 1 - 2 * static_cast<int>(code) : static_cast<int>(code); });
  return {"apb", pack_us, [&kernels, state](std::size_t set) {
            MultiplyPacked(kernels, state->a[set], state->w[set], state->out.data());
          }};
}

// Panels of the paper's tile: [panels][words][matrices][8], items beyond the last zero; signs for one bit, M,
// T and H for two.
struct PaperSide {
  explicit PaperSide(const BitMatrix& m)
      : matrices(m.planes == 1 ? 1 : 3),
        panels((m.rows + kPaperTile - 1) / kPaperTile),
        words(AlignedArray<std::uint64_t>::Zeros(panels * m.words * matrices * kPaperTile)),
        large(AlignedArray<std::int32_t>::Zeros(panels * kPaperTile)) {
    for (std::size_t row = 0; row < m.rows; ++row)
      for (std::size_t w = 0; w < m.words; ++w) {
        std::uint64_t* to = words.data() + (row / kPaperTile * m.words + w) * matrices * kPaperTile + row % kPaperTile;
        const std::uint64_t low = m.Plane(row, 0)[w];
        if (m.planes == 1) {
          to[0] = low;
          continue;
        }
        const std::uint64_t high = m.Plane(row, 1)[w];
        const std::size_t left = m.k - w * 64;
        const std::uint64_t valid = left >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
        const std::uint64_t magnitude = ~(low ^ high) & valid, negative = ~high & valid;
        to[0] = magnitude;
        to[kPaperTile] = negative & magnitude;
        to[2 * kPaperTile] = negative & ~magnitude;
        for (std::uint64_t bits = magnitude; bits; bits &= bits - 1) ++large[row];
      }
  }

  std::size_t matrices, panels;
  AlignedArray<std::uint64_t> words;
  AlignedArray<std::int32_t> large;
};

Contender FromPaper(const std::string& variant, Paper* kernel, const BitOperands& operands) {
  struct State {
    std::vector<PaperSide> w, a;
    AlignedArray<std::int32_t> out;
    std::size_t stride = 0, words = 0, k = 0;
  };
  auto state = std::make_shared<State>();
  double pack_us = 1e30;
  for (std::size_t i = 0; i < operands.weights.size(); ++i) {
    state->w.emplace_back(operands.weights[i]);
    pack_us = std::min(pack_us, Microseconds([&] { state->a.emplace_back(operands.activations[i]); }));
  }
  const BitMatrix &w = operands.weights[0], &a = operands.activations[0];
  state->stride = ProductStride(a.rows);
  state->words = w.words;
  state->k = w.k;
  state->out = AlignedArray<std::int32_t>::Zeros(state->w[0].panels * kPaperTile * state->stride);
  const auto run = [kernel, state](std::size_t set) {
    const PaperSide &rows = state->w[set], &columns = state->a[set];
    for (std::size_t j = 0; j < columns.panels; ++j)
      for (std::size_t i = 0; i < rows.panels; ++i)
        kernel({rows.words.data() + i * state->words * rows.matrices * kPaperTile,
                columns.words.data() + j * state->words * columns.matrices * kPaperTile,
                columns.large.data() + j * kPaperTile, state->words, state->k,
                state->out.data() + i * kPaperTile * state->stride + j * kPaperTile, state->stride});
  };
  run(0);
  Check(variant, w, a, state->out.data(), state->stride,
        [&](unsigned code) { return a.planes == 1 ? 1 - 2 * static_cast<int>(code) : 2 * static_cast<int>(code) - 3; });
  return {variant, pack_us, run};
}

// Every how many cells of [n][m] are compared.
std::size_t WideStep(const ProductShape& s) { return (s.m * s.n + kMostChecked - 1) / kMostChecked; }

// Those cells of the product of signs with whole floats below 256. Sums are exact in float32: k * 255 < 2^24
// is checked by leaving larger ones out.
std::vector<float> WideProducts(const BitMatrix& w, const Buffer& x) {
  std::vector<float> products;
  if (w.k * 255 >= std::size_t{1} << 24) return products;
  const std::size_t step = WideStep({w.rows, w.k, x.rows()});
  for (std::size_t cell = 0; cell < w.rows * x.rows(); cell += step) {
    const float* a = x.floats() + cell / w.rows * w.k;
    float sum = 0;
    for (std::size_t l = 0; l < w.k; ++l) sum += static_cast<float>(WeightValue(w, cell % w.rows, l)) * a[l];
    products.push_back(sum);
  }
  return products;
}

Epilogue Identity(std::size_t channels) {
  return {std::vector<float>(channels, 1.0f), std::vector<float>(channels, 0.0f), {}, std::nullopt};
}

}  // namespace

std::vector<Timing> BenchBits(const Kernels& kernels, unsigned weight_bits, unsigned activation_bits,
                              const ProductShape& shape, double milliseconds) {
  const BitOperands operands(weight_bits, activation_bits, shape);
  std::vector<Contender> contenders = {Ours(kernels, operands)};
  if (weight_bits == 1 && activation_bits == 1)
    contenders.push_back(FromPaper("paper-1x1", kernels.paper_1x1, operands));
  if (weight_bits == 1 && activation_bits == 2)
    contenders.push_back(FromPaper("paper-1x2-masked", kernels.paper_1x2, operands));
  if (weight_bits == 2 && activation_bits == 2)
    contenders.push_back(FromPaper("paper-2x2-masked", kernels.paper_2x2, operands));
  return Race(contenders, operands.weights.size(), milliseconds);
}

std::vector<Timing> BenchWide(const Kernels& kernels, unsigned activation_bits, const ProductShape& s,
                              double milliseconds) {
  std::mt19937_64 random(1);
  const bool floats = activation_bits == 32;
  const std::size_t sets = SetsFor(s.n * s.k * activation_bits / 8);
  const std::optional<Encoding> encoding = floats ? std::nullopt : std::optional<Encoding>({false, 8, 0, 1});
  std::vector<float> expected;
  auto inputs = std::make_shared<std::vector<Buffer>>();
  auto weights = std::make_shared<std::vector<Weights>>();
  for (std::size_t i = 0; i < sets; ++i) {
    Buffer x({s.n, s.k}, std::nullopt);
    for (std::size_t l = 0; l < x.size(); ++l) x.floats()[l] = static_cast<float>(random() % 256);
    const BitMatrix matrix(s.m, s.k, 1, random);
    if (i == 0) expected = WideProducts(matrix, x);
    if (floats) {
      inputs->push_back(std::move(x));
    } else {
      inputs->emplace_back(Shape{s.n, s.k}, encoding);
      Run(kernels, QuantizeOp{{*encoding, 0, 255, 1}}, {{&x}, &inputs->back(), nullptr});
    }
    weights->push_back(PackBitWeights(kernels, matrix, activation_bits));
  }
  auto out = std::make_shared<Buffer>(Shape{s.n, s.m}, std::nullopt);
  const Op op = LayerOp{false, Identity(s.m)};
  const auto run = [&kernels, inputs, weights, out, op](std::size_t set) {
    Run(kernels, op, {{&(*inputs)[set]}, out.get(), &(*weights)[set]});
  };
  run(0);
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (out->floats()[i * WideStep(s)] != expected[i])
      throw std::runtime_error("the product 1/" + std::to_string(activation_bits) + " is wrong");
  return Race({{"apb", 0, run}}, sets, milliseconds);
}

std::vector<Timing> BenchSparse(const Kernels& kernels, const ProductShape& shape, const std::vector<double>& shares,
                                double milliseconds) {
  const BitOperands operands(1, 1, shape);
  std::mt19937_64 random(3);
  const std::size_t sets = operands.weights.size();
  auto out = std::make_shared<AlignedArray<float>>(shape.m * ProductStride(shape.n));
  auto activations = std::make_shared<std::vector<BitMatrix>>(operands.activations);
  std::vector<Contender> contenders;
  for (const double share : shares) {
    auto weights = std::make_shared<std::vector<Weights>>();
    std::vector<std::uint32_t> first;  // positions of set 0
    for (const BitMatrix& w : operands.weights) {
      std::vector<std::uint32_t> positions;
      for (std::size_t i = 0; i < w.rows * w.k; ++i)
        if (std::uniform_real_distribution<double>()(random) < share)
          positions.push_back(static_cast<std::uint32_t>(i));
      weights->push_back(PackBitWeights(kernels, w, 1, positions, std::vector<float>(positions.size(), kExceptional)));
      if (weights->size() == 1) first = std::move(positions);
    }
    const BitMatrix& a = operands.activations[0];
    MultiplySparse(kernels, a.bits.data(), a.rows, weights->front(), out->data());
    CheckSparse(operands.weights[0], first, a, out->data());
    std::string name = std::to_string(share * 100);
    name.erase(name.find_last_not_of("0.") == std::string::npos ? 1 : name.find_last_not_of('0') + 1);
    if (name.back() == '.') name.pop_back();
    contenders.push_back({name + "%", 0, [&kernels, activations, weights, out](std::size_t set) {
                            const BitMatrix& a = (*activations)[set];
                            MultiplySparse(kernels, a.bits.data(), a.rows, (*weights)[set], out->data());
                          }});
  }
  return Race(contenders, sets, milliseconds);
}

std::vector<Timing> BenchConvolution(const Kernels& kernels, unsigned activation_bits, const ProductShape& s,
                                     double milliseconds) {
  std::mt19937_64 random(1);
  std::size_t side = 1;
  while (side * side < s.n) ++side;
  const std::size_t channels = s.k / 9;
  const Encoding encoding = {activation_bits == 1, activation_bits, 0, 1};
  const BitMatrix matrix(s.m, 9 * channels, 1, random);
  const std::vector<std::uint32_t> planes = matrix.Canonical();
  const float scale = 1;
  std::vector<Contender> contenders;
  for (const auto& [name, pad, stride] :
       {std::tuple<const char*, std::size_t, std::size_t>{"plain", 0, 1}, {"padding 1", 1, 1}, {"stride 2", 0, 2}}) {
    const ConvGeometry g = {channels, s.m, 1, {3, 3}, {stride, stride}, {1, 1}, {pad, pad, pad, pad}};
    const std::size_t pixels = (side - 1) * stride + 3 - 2 * pad;
    auto x = std::make_shared<Buffer>(Shape{1, pixels, pixels, channels}, encoding);
    const BitMatrix bits(pixels * pixels, channels, activation_bits, random);
    std::copy(bits.bits.begin(), bits.bits.end(), x->words());
    auto weights = std::make_shared<Weights>(
        PackWeights({s.m, matrix.k, 1, planes.data(), &scale, 1, nullptr, nullptr, 0}, activation_bits, g, kernels));
    auto out = std::make_shared<Buffer>(Shape{1, side, side, s.m}, std::nullopt);
    const Op op = LayerOp{true, Identity(s.m)};
    contenders.push_back({name, 0, [&kernels, x, weights, out, op](std::size_t) {
                            Run(kernels, op, {{x.get()}, out.get(), weights.get()});
                          }});
  }
  return Race(contenders, 1, milliseconds);
}

std::vector<Timing> BenchQuantize(const Kernels& kernels, std::size_t floats, double milliseconds) {
  constexpr std::size_t kChannels = 256;
  const std::size_t rows = floats / kChannels;
  auto x = std::make_shared<Buffer>(Shape{rows, kChannels}, std::nullopt);
  auto copy = std::make_shared<Buffer>(Shape{rows, kChannels}, std::nullopt);
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i < x->size(); ++i) x->floats()[i] = static_cast<float>(random() % 2001) / 1000.0f - 1.0f;
  const auto quantize = [&](const char* name, const Quantizer& quantizer) {
    auto planes = std::make_shared<Buffer>(x->shape(), quantizer.encoding);
    const Op op = QuantizeOp{quantizer};
    return Contender{name, 0,
                     [&kernels, x, planes, op](std::size_t) { Run(kernels, op, {{x.get()}, planes.get(), nullptr}); }};
  };
  return Race({{"memcpy", 0, [x, copy](std::size_t) { std::copy_n(x->floats(), x->size(), copy->floats()); }},
               quantize("1", {{true, 1, 0, 1}, 0, 0, 0}),
               quantize("2", {{false, 2, 0, 1.0f / 3}, 0, 1, 3})},
              1, milliseconds);
}

}  // namespace apb
