// Vectors of sixteen lanes and their ragged ends. For files of this instruction set only: internal linkage.
#ifndef APB_KERNELS_X86_AVX512_LANES_H_
#define APB_KERNELS_X86_AVX512_LANES_H_

#include <immintrin.h>
#include <stddef.h>

namespace apb {
namespace {

// Lanes below count, of sixteen.
inline __mmask16 FirstOf(size_t count) {
  return count >= 16 ? static_cast<__mmask16>(0xffff) : static_cast<__mmask16>((1u << count) - 1);
}

}  // namespace
}  // namespace apb

#endif  // APB_KERNELS_X86_AVX512_LANES_H_
