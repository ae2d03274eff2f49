// What compilers need to be told about loops over an array of registers, and what to inline.
#ifndef APB_KERNELS_UNROLL_H_
#define APB_KERNELS_UNROLL_H_

// APB_UNROLL, before loops of constant length over an array of registers: GCC keeps such an array in memory, storing
// every element in every step, unless the loops are unrolled early. APB_UNROLL_LONG is for more than sixteen steps.
//
// APB_OPAQUE(sum), after a sum was added to: GCC keeps it in a register of its own and adds in this order.
//
// APB_OPAQUE(pointer), after a pointer was advanced: GCC may not derive it from others any more. Where rows are read
// side by side it otherwise makes one pointer a row, more than there are registers, and carries them over in vector
// registers, whose moves compete with the arithmetic (5 % of a product of bytes).
#if defined(__GNUC__) && !defined(__clang__)
#define APB_UNROLL _Pragma("GCC unroll 16")
#define APB_UNROLL_LONG _Pragma("GCC unroll 64")
#define APB_OPAQUE(pointer) __asm__("" : "+r"(pointer))
#else
#define APB_UNROLL
#define APB_UNROLL_LONG
#define APB_OPAQUE(pointer) static_cast<void>(pointer)
#endif

#if defined(_MSC_VER)
#define APB_INLINE __forceinline
#define APB_NOINLINE __declspec(noinline)
#else
#define APB_INLINE inline __attribute__((always_inline))
#define APB_NOINLINE __attribute__((noinline))
#endif

#endif  // APB_KERNELS_UNROLL_H_
