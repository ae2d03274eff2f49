// The integer heart: popcounts of ANDed bit rows. Every product of the contract is a linear function of it
// (ops/bits.cc says which), so an instruction set that brings this one kernel brings them all.
#ifndef APB_KERNELS_BIT_GEMM_OP_H_
#define APB_KERNELS_BIT_GEMM_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// Weight rows are packed in panels of this many, on every instruction set.
constexpr size_t kPanel = 16;

// counts[i][j] (+)= 2^shift * sum over planes p of 2^p * popcount(a[i][p] AND b[j]), modulo 2^32.
struct BitGemmArgs {
  const uint64_t* a;  // [rows][planes][words], activations
  const uint64_t* b;  // [words][kPanel], one bit plane of a panel of weights
  size_t rows;
  size_t planes;
  size_t words;
  unsigned shift;
  bool accumulate;   // add to counts instead of writing them
  uint32_t* counts;  // [rows][stride], kPanel of each row are written
  size_t stride;
};

using BitGemm = void(const BitGemmArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_BIT_GEMM_OP_H_
