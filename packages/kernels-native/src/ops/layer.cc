#include "ops/layer.h"

#include <algorithm>

#include "base/pool.h"
#include "ops/bit_layer.h"
#include "ops/byte_layer.h"
#include "ops/epilogue.h"
#include "ops/float_layer.h"
#include "ops/quantized.h"
#include "ops/windows.h"

namespace apb {
namespace {

std::string NameOf(const Weights& w) { return std::to_string(w.weight_bits) + "/" + std::to_string(w.activation_bits); }

void CheckWidth(const Buffer& x, const Weights& weights) {
  const unsigned bits = x.is_float() ? 32 : x.encoding().bits;
  if (bits != weights.activation_bits)
    throw ContractError("weights prepared for " + NameOf(weights) + " cannot meet " + std::to_string(bits) +
                        "-bit activations");
}

void CheckMatrix(const Buffer& x, const Weights& weights) {
  if (weights.geometry) throw ContractError("these weights were prepared for a convolution, not a matrix product");
  ExpectRank(x.shape(), 2, "the input of a matrix product");
  ExpectShape(x.shape(), {x.shape()[0], weights.k}, "the input of this matrix product");
  CheckWidth(x, weights);
}

std::shared_ptr<const Window> CheckPictures(const Buffer& x, const Weights& weights) {
  if (!weights.geometry) throw ContractError("these weights were prepared for a matrix product, not a convolution");
  const Shape& s = x.shape();
  ExpectRank(s, 4, "the input of a convolution");
  ExpectShape(s, {s[0], s[1], s[2], weights.geometry->in_channels}, "the input of this convolution");
  CheckWidth(x, weights);
  return weights.windows->Find(s, *weights.geometry);
}

// Parts of at least this many multiply-adds are worth waking a thread, which takes some 10 us: of bits, of floats.
constexpr std::size_t kLeastBits = std::size_t{1} << 23;
constexpr std::size_t kLeastFloats = std::size_t{1} << 19;
// Positions of a part are a multiple of a tile of bits.
constexpr std::size_t kPartStep = 192;

// Calls layer(part) for parts of the window's positions on the threads there are. A result does not depend on the
// positions beside it, so neither do results on the parts.
template <typename Layer>
void ForEachPart(const Kernels& kernels, const Weights& weights, const Window& window, Layer layer) {
  const std::size_t total = window.positions();
  if (total == 0) return;
  const std::size_t work = total * weights.rows * weights.k;
  const std::size_t least = weights.activation_bits == 32 ? kLeastFloats : kLeastBits;
  const std::size_t most = std::min(2 * kernels.threads, std::max<std::size_t>(work / least, 1));
  const std::size_t size = ((total + most - 1) / most + kPartStep - 1) / kPartStep * kPartStep;
  const std::size_t parts = (total + size - 1) / size;
  if (kernels.threads == 1 || parts < 2) return layer(window);
  ParallelFor(kernels.threads, parts, [&](std::size_t i) {
    Window part = window;
    part.begin = i * size;
    part.end = std::min(total, part.begin + size);
    layer(part);
  });
}

void CheckSigns(const Buffer& out, const Buffer& signs) {
  ExpectShape(signs.shape(), out.shape(), "the signs of an output");
  if (!signs.encoding().sign) throw ContractError("the signs of an output must be sign planes");
}

// The layer on all positions of the window, everything checked; signs only where they can be written.
void RunChecked(const Kernels& kernels, const Epilogue& epilogue, const Buffer& x, const Weights& weights,
                const Window& window, const Buffer* residual, Buffer& out, Buffer* signs) {
  if (x.is_float() || x.is_bytes()) {
    const auto layer = x.is_float() ? RunFloatLayer : RunByteLayer;
    return ForEachPart(kernels, weights, window,
                       [&](const Window& part) { layer(kernels, epilogue, x, weights, part, residual, out); });
  }
  const BitInput input(kernels, x, weights, window);
  const auto marks = MarksOf(kernels, epilogue, weights, x.encoding(), residual);
  ForEachPart(kernels, weights, window, [&](const Window& part) {
    RunBitLayer(kernels, epilogue, input, marks.get(), weights, part, residual, out, signs);
  });
}

}  // namespace

void RunLayer(const Kernels& kernels, const Epilogue& epilogue, bool convolution, const Buffer& x,
              const Weights& weights, const Buffer* residual, Buffer& out, Buffer* signs) {
  if (!convolution) CheckMatrix(x, weights);
  const std::shared_ptr<const Window> found =
      convolution ? CheckPictures(x, weights) : std::make_shared<const Window>(MatrixWindow(x.rows()));
  const Window& window = *found;
  const Shape shape = convolution ? Shape{window.batch, window.y.outputs(), window.x.outputs(), weights.rows}
                                  : Shape{x.rows(), weights.rows};
  ExpectShape(out.shape(), shape, convolution ? "the output of this convolution" : "the output of gemm");
  CheckEpilogue(epilogue, residual, out);
  if (signs) CheckSigns(out, *signs);
  const bool at_once = signs && CanWriteSigns(kernels, weights, out);
  RunChecked(kernels, epilogue, x, weights, window, residual, out, at_once ? signs : nullptr);
  if (signs && !at_once) RunQuantize(kernels, {signs->encoding(), 0, 0, 0}, out, *signs);
}

void RunGemmInt(const Kernels& kernels, const Buffer& x, const Weights& weights, std::int32_t* out, std::size_t size) {
  if (weights.activation_bits == 32)
    throw ContractError("gemmInt needs quantized activations, the weights were prepared for " + NameOf(weights));
  CheckMatrix(x, weights);
  if (size != x.rows() * weights.rows)
    throw ContractError("the output of gemmInt must hold " + std::to_string(x.rows() * weights.rows) + " values, got " +
                        std::to_string(size));
  (x.is_bytes() ? RunByteProducts : RunBitProducts)(kernels, x, weights, out);
}

}  // namespace apb
