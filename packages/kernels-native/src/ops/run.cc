#include "ops/elementwise.h"
#include "ops/layer.h"
#include "ops/layout.h"
#include "ops/op.h"
#include "ops/pool.h"
#include "ops/quantized.h"

namespace apb {
namespace {

struct Runner {
  const Kernels& kernels;
  const Operands& o;

  const Buffer& x() const { return *o.inputs[0]; }
  const Buffer* second() const { return o.inputs.size() > 1 ? o.inputs[1] : nullptr; }

  void operator()(const LayerOp& op) const {
    if (!o.weights) throw ContractError("gemm and conv2d need prepared weights");
    RunLayer(kernels, op.epilogue, op.convolution, x(), *o.weights, second(), *o.out, o.signs);
  }
  void operator()(const QuantizeOp& op) const { RunQuantize(kernels, op.quantizer, x(), *o.out); }
  void operator()(const DequantizeOp&) const { RunDequantize(kernels.threads, x(), *o.out); }
  void operator()(const MaxPoolOp& op) const { RunMaxPool(kernels, op.geometry, x(), *o.out); }
  void operator()(const AvgPoolOp& op) const {
    RunAvgPool(kernels.threads, op.geometry, op.count_padding, x(), *o.out);
  }
  void operator()(const GlobalAvgPoolOp&) const { RunGlobalAvgPool(kernels.threads, x(), *o.out); }
  void operator()(const AddOp& op) const { RunAdd(kernels.threads, op.activation, x(), *second(), *o.out); }
  void operator()(const AffineOp& op) const {
    RunAffine(kernels.threads, op.scale, op.shift, op.activation, x(), *o.out);
  }
  void operator()(const ActivateOp& op) const { RunActivate(kernels.threads, op.activation, x(), *o.out); }
  void operator()(const SubsampleOp& op) const { RunSubsample(op.strides, x(), *o.out); }
  void operator()(const PadChannelsOp& op) const { RunPadChannels(op.before, op.after, x(), *o.out); }
  void operator()(const ReshapeOp&) const { RunReshape(x(), *o.out); }
  void operator()(const SoftmaxOp&) const { RunSoftmax(kernels.threads, x(), *o.out); }
};

void CheckOperands(const Op& op, const Operands& o) {
  const bool layer = std::holds_alternative<LayerOp>(op);
  const std::size_t least = std::holds_alternative<AddOp>(op) ? 2 : 1;
  const std::size_t most = layer ? 2 : least;
  if (o.inputs.size() < least || o.inputs.size() > most)
    throw ContractError("this op takes " + std::to_string(least) + (most > least ? " or 2" : "") + " inputs, got " +
                        std::to_string(o.inputs.size()));
  if ((o.weights || o.signs) && !layer) throw ContractError("only gemm and conv2d take weights and write signs");
  for (const Buffer* input : o.inputs)
    if (input == o.out || input == o.signs) throw ContractError("the output of an op must not be one of its inputs");
}

}  // namespace

void Run(const Kernels& kernels, const Op& op, const Operands& operands) {
  CheckOperands(op, operands);
  std::visit(Runner{kernels, operands}, op);
}

}  // namespace apb
