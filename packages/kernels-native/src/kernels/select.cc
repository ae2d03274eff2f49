#include <algorithm>
#include <stdexcept>
#include <type_traits>

#include "base/cpu.h"
#include "kernels/kernels.h"

namespace apb {

// Declares every listed function with its operation's type.
#define APB_ISA(name, needs, lane, rows)
#define APB_KERNEL(operation, isa, needs, function) std::remove_pointer_t<decltype(Kernels::operation)> function;
#include "kernels/kernels.inc"
#undef APB_ISA
#undef APB_KERNEL

namespace {

bool CanRun(std::uint32_t needs, std::uint32_t features) { return (needs & ~features) == 0; }

// Tiles are divided into groups of rows.
#define APB_ISA(name, needs, lane, rows) \
  static_assert(kTileRows % rows == 0, "rows that are counted together do not divide a tile");
#define APB_KERNEL(operation, isa, needs, function)
#include "kernels/kernels.inc"
#undef APB_ISA
#undef APB_KERNEL

}  // namespace

std::vector<std::string> UsableIsas(std::uint32_t features) {
  std::vector<std::string> names;
#define APB_ISA(name, needs, lane, rows) \
  if (CanRun(needs, features)) names.insert(names.begin(), #name);
#define APB_KERNEL(operation, isa, needs, function)
#include "kernels/kernels.inc"
#undef APB_ISA
#undef APB_KERNEL
  return names;
}

Kernels SelectKernels(const std::string& isa, std::uint32_t features) {
  const std::vector<std::string> usable = UsableIsas(features);
  const auto chosen = std::find(usable.begin(), usable.end(), isa);
  if (chosen == usable.end()) throw std::invalid_argument("no instruction set " + isa);
  // The chosen one and all lesser ones.
  const auto allowed = [&](const char* name) { return std::find(chosen, usable.end(), name) != usable.end(); };
  Kernels kernels;
#define APB_ISA(name, needs, lane, rows) \
  if (isa == #name) kernels.lane_bits = lane, kernels.row_group = rows;
// A bit_gemm does not read what a lesser instruction set's fold_panel and cut_tile write.
#define APB_KERNEL(operation, isa, needs, function) \
  if (allowed(#isa) && CanRun(needs, features)) {   \
    if (std::string("bit_gemm") == #operation) {    \
      kernels.fold_panel = nullptr;                 \
      kernels.cut_tile = nullptr;                   \
    }                                               \
    kernels.operation = &function;                  \
  }
#include "kernels/kernels.inc"
#undef APB_ISA
#undef APB_KERNEL
  // Those of lesser instruction sets that read panels of bits read lanes of 32, and all are optional.
  if (kernels.lane_bits != 32) {
    kernels.balanced_gemm = nullptr;
    kernels.code_panel = nullptr;
    kernels.scale_panel = nullptr;
    kernels.mark_panel = nullptr;
  }
  return kernels;
}

}  // namespace apb
