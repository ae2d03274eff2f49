// Products of two sides of 2-bit numbers -3, -1, 1, 3 by three counts in place of the four products of their planes.
#ifndef APB_KERNELS_BALANCED_GEMM_OP_H_
#define APB_KERNELS_BALANCED_GEMM_OP_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/bit_gemm/op.h"

namespace apb {

// A product of such numbers is one of 9, 3, 1, -1, -3, -9: three bits are enough to tell it. With the sign s of the
// product (1: negative) and n of either factor (1: its magnitude is 1, else 3),
//   a * b = 3 * (-1)^(s ^ (n_a | n_b)) + 5 * (-1)^s + (-1)^(s ^ (n_a & n_b)),
// so that, over k numbers, sum(a * b) = 9 * k - 6 * c_or - 10 * c_s - 2 * c_and with the numbers of ones of the three.
// Every word is 1 XOR, 2 ternary operations, 3 popcounts and 3 additions, 9 operations; plane products take 12.
//
// out[j * ldo + i] = column_terms[j] + lane_terms[i] - 3 * c_or(i, j) - 5 * c_s(i, j) - c_and(i, j), modulo 2^32
// Panels are those of bit_gemm, of two planes: n, then the upper bit of the code, by which signs are compared; nothing
// is folded, the factor is not read. Optional.
using BalancedGemm = BitGemm;

}  // namespace apb

#endif  // APB_KERNELS_BALANCED_GEMM_OP_H_
