// What follows a matrix product: the same bits on every machine (compile without multiply-add contraction).
#ifndef APB_OPS_EPILOGUE_H_
#define APB_OPS_EPILOGUE_H_

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"
#include "ops/buffer.h"

namespace apb {

// Throws ContractError unless epilogue, residual (may be null) and output fit together; channels are the
// output's last axis.
void CheckEpilogue(const Epilogue& epilogue, const Buffer* residual, const Buffer& out);

// relu and clamp as bounds: y > low ? y : low, then y < high ? y : high, where there are any.
struct Bounds {
  bool any;
  float low, high;
};
Bounds BoundsOf(const Activation& activation);

// Carries output rows first .. first + rows - 1 from products to `out`.
// products: [rows][stride], the output channels of each row are overwritten.
void Finish(const Kernels& kernels, const Epilogue& epilogue, float* products, std::size_t stride, std::size_t first,
            std::size_t rows, const Buffer* residual, Buffer& out);

// The same from exact products whose value is fl(scales[n] * float(product)). scratch: room for [rows][stride]
void FinishIntegers(const Kernels& kernels, const Epilogue& epilogue, const float* scales, const std::int32_t* products,
                    std::size_t stride, std::size_t first, std::size_t rows, const Buffer* residual, float* scratch,
                    Buffer& out);

// Quantizes rows of floats into rows of planes.
void QuantizeRows(const Kernels& kernels, const Quantizer& quantizer, const float* values, std::size_t stride,
                  std::size_t first, std::size_t rows, Buffer& out);

// Throws ContractError unless `out` holds what the quantizer writes.
void CheckPlanesOf(const Quantizer& quantizer, const Buffer& out);

}  // namespace apb

#endif  // APB_OPS_EPILOGUE_H_
