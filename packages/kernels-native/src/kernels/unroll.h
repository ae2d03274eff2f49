// For loops of constant length over an array of registers: GCC keeps such an array in memory, storing every
// element in every step, unless the loops are unrolled early. Other compilers need no telling.
#ifndef APB_KERNELS_UNROLL_H_
#define APB_KERNELS_UNROLL_H_

#if defined(__GNUC__) && !defined(__clang__)
#define APB_UNROLL _Pragma("GCC unroll 16")
#else
#define APB_UNROLL
#endif

#endif  // APB_KERNELS_UNROLL_H_
