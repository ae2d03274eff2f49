#include "ops/layer.h"

#include "ops/bit_layer.h"
#include "ops/byte_layer.h"
#include "ops/epilogue.h"
#include "ops/float_layer.h"
#include "ops/window.h"

namespace apb {
namespace {

std::string NameOf(const Weights& w) {
  return std::to_string(w.weight_bits) + "/" + std::to_string(w.activation_bits);
}

void CheckWidth(const Buffer& x, const Weights& weights) {
  const unsigned bits = x.is_float() ? 32 : x.encoding().bits;
  if (bits != weights.activation_bits)
    throw ContractError("weights prepared for " + NameOf(weights) + " cannot meet " + std::to_string(bits) +
                        "-bit activations");
}

void CheckMatrix(const Buffer& x, const Weights& weights) {
  if (weights.geometry)
    throw ContractError("these weights were prepared for a convolution, not a matrix product");
  ExpectRank(x.shape(), 2, "the input of a matrix product");
  ExpectShape(x.shape(), {x.shape()[0], weights.k}, "the input of this matrix product");
  CheckWidth(x, weights);
}

Window CheckPictures(const Buffer& x, const Weights& weights) {
  if (!weights.geometry)
    throw ContractError("these weights were prepared for a matrix product, not a convolution");
  const Shape& s = x.shape();
  ExpectRank(s, 4, "the input of a convolution");
  ExpectShape(s, {s[0], s[1], s[2], weights.geometry->in_channels}, "the input of this convolution");
  CheckWidth(x, weights);
  return MakeWindow(s, *weights.geometry);
}

}  // namespace

void RunLayer(const Kernels& kernels, const Epilogue& epilogue, bool convolution, const Buffer& x,
              const Weights& weights, const Buffer* residual, Buffer& out) {
  const auto layer = x.is_float() ? RunFloatLayer : x.is_bytes() ? RunByteLayer : RunBitLayer;
  if (!convolution) {
    CheckMatrix(x, weights);
    ExpectShape(out.shape(), {x.rows(), weights.rows}, "the output of gemm");
    CheckEpilogue(epilogue, residual, out);
    return layer(kernels, epilogue, x, weights, MatrixWindow(x.rows()), residual, out);
  }
  const Window window = CheckPictures(x, weights);
  ExpectShape(out.shape(), {window.batch, window.y.outputs(), window.x.outputs(), weights.rows},
              "the output of this convolution");
  CheckEpilogue(epilogue, residual, out);
  layer(kernels, epilogue, x, weights, window, residual, out);
}

void RunGemmInt(const Kernels& kernels, const Buffer& x, const Weights& weights, std::int32_t* out,
                std::size_t size) {
  if (weights.activation_bits == 32)
    throw ContractError("gemmInt needs quantized activations, the weights were prepared for " +
                        NameOf(weights));
  CheckMatrix(x, weights);
  if (size != x.rows() * weights.rows)
    throw ContractError("the output of gemmInt must hold " + std::to_string(x.rows() * weights.rows) +
                        " values, got " + std::to_string(size));
  (x.is_bytes() ? RunByteProducts : RunBitProducts)(kernels, x, weights, out);
}

}  // namespace apb
