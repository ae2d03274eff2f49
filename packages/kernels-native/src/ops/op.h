// One operation of a plan as plain data, and running it.
#ifndef APB_OPS_OP_H_
#define APB_OPS_OP_H_

#include <variant>
#include <vector>

#include "kernels/kernels.h"
#include "ops/buffer.h"
#include "ops/weights.h"

namespace apb {

struct LayerOp {
  bool convolution;
  Epilogue epilogue;
};
struct QuantizeOp {
  Quantizer quantizer;
};
struct DequantizeOp {};
struct MaxPoolOp {
  PoolGeometry geometry;
};
struct AvgPoolOp {
  PoolGeometry geometry;
  bool count_padding;
};
struct GlobalAvgPoolOp {};
struct AddOp {
  Activation activation;
};
struct AffineOp {
  std::vector<float> scale, shift;
  Activation activation;
};
struct ActivateOp {
  Activation activation;
};
struct SubsampleOp {
  Pair strides;
};
struct PadChannelsOp {
  std::size_t before, after;
};
struct ReshapeOp {};
struct SoftmaxOp {};

using Op = std::variant<LayerOp, QuantizeOp, DequantizeOp, MaxPoolOp, AvgPoolOp, GlobalAvgPoolOp, AddOp, AffineOp,
                        ActivateOp, SubsampleOp, PadChannelsOp, ReshapeOp, SoftmaxOp>;

// What an operation works on. Inputs are never changed, the output is written whole.
struct Operands {
  std::vector<const Buffer*> inputs;
  Buffer* out;
  const Weights* weights;   // exactly for LayerOp
  Buffer* signs = nullptr;  // of a LayerOp's float output, written beside it
};

// Throws ContractError when inputs, output, weights and op do not fit together.
void Run(const Kernels& kernels, const Op& op, const Operands& operands);

}  // namespace apb

#endif  // APB_OPS_OP_H_
