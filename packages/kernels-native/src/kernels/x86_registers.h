// Where GCC 12 picks registers badly: the instruction by its name, and values that are to stay where they are.
#ifndef APB_KERNELS_X86_REGISTERS_H_
#define APB_KERNELS_X86_REGISTERS_H_

// APB_ACCUMULATE(instruction, intrinsic, sum, x): sum = intrinsic(sum, x). GCC likes to add into the register of x and
// to copy that back at the end of a loop, a move for every sum; a core that begins four vector operations a cycle
// (Zen 5) then loses a tenth to moves.
//
// APB_ACCUMULATE_PRODUCT: the same of sum = intrinsic(sum, x, y).
//
// APB_ASSIGN: the same of sum = intrinsic(x), where a sum begins. To GCC an intrinsic for lanes of 32 bits returns
// another type than the vector it is assigned to, and it moves the value from one register to another.
#if defined(__GNUC__) && !defined(__clang__)
#define APB_ACCUMULATE(instruction, intrinsic, sum, x) __asm__(instruction " %1, %0, %0" : "+v"(sum) : "v"(x))
#define APB_ACCUMULATE_PRODUCT(instruction, intrinsic, sum, x, y) \
  __asm__(instruction " %2, %1, %0" : "+v"(sum) : "v"(x), "v"(y))
#define APB_ASSIGN(instruction, intrinsic, sum, x) __asm__(instruction " %1, %0" : "=v"(sum) : "v"(x))
#else
#define APB_ACCUMULATE(instruction, intrinsic, sum, x) static_cast<void>((sum) = intrinsic(sum, x))
#define APB_ACCUMULATE_PRODUCT(instruction, intrinsic, sum, x, y) static_cast<void>((sum) = intrinsic(sum, x, y))
#define APB_ASSIGN(instruction, intrinsic, sum, x) static_cast<void>((sum) = intrinsic(x))
#endif

// APB_KEEP(x), after x was loaded: it stays in its register. GCC otherwise loads it again for every use where that
// saves an instruction, although loads are what is scarce.
#if defined(__GNUC__) && !defined(__clang__)
#define APB_KEEP(x) __asm__("" : "+v"(x))
#else
#define APB_KEEP(x) static_cast<void>(x)
#endif

#endif  // APB_KERNELS_X86_REGISTERS_H_
