// Between floats and planes of the same shape, rows on several threads. Both throw ContractError when shapes
// or encodings do not fit.
#ifndef APB_OPS_QUANTIZED_H_
#define APB_OPS_QUANTIZED_H_

#include "kernels/kernels.h"
#include "ops/buffer.h"

namespace apb {

void RunQuantize(const Kernels& kernels, const Quantizer& quantizer, const Buffer& x, Buffer& out);
void RunDequantize(std::size_t threads, const Buffer& x, Buffer& out);

}  // namespace apb

#endif  // APB_OPS_QUANTIZED_H_
