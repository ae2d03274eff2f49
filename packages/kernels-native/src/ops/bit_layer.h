#ifndef APB_OPS_BIT_LAYER_H_
#define APB_OPS_BIT_LAYER_H_

#include <cstdint>
#include <memory>

#include "kernels/kernels.h"
#include "ops/bit_input.h"
#include "ops/buffer.h"
#include "ops/mark_setup.h"
#include "ops/weights.h"
#include "ops/window.h"

namespace apb {

// Whether RunBitLayer can write the signs of a float output beside it.
bool CanWriteSigns(const Kernels& kernels, const Weights& weights, const Buffer& out);

// What RunBitLayer marks codes by, for all parts of a layer; null where it makes them in another way.
std::shared_ptr<const MarkSetup> MarksOf(const Kernels& kernels, const Epilogue& epilogue, const Weights& weights,
                                         const Encoding& encoding, const Buffer* residual);

// Layers with quantized input, shapes checked; the window is MatrixWindow for a matrix product. Every float
// operation rounds once, in the order of the contract (@apb/core, Epilogue), so that all backends give the
// same bits. `marks` as MarksOf says; `signs` (may be null unless CanWriteSigns) are sign planes of the output's shape.
void RunBitLayer(const Kernels& kernels, const Epilogue& epilogue, const BitInput& input, const MarkSetup* marks,
                 const Weights& weights, const Window& window, const Buffer* residual, Buffer& out, Buffer* signs);

// The integer products alone, [rows of x][output channels]; weights of a matrix product.
void RunBitProducts(const Kernels& kernels, const Buffer& x, const Weights& weights, std::int32_t* out);

}  // namespace apb

#endif  // APB_OPS_BIT_LAYER_H_
