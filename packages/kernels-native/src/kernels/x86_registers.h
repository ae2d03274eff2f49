// Where GCC 12 picks registers badly, the instruction by its name.
#ifndef APB_KERNELS_X86_REGISTERS_H_
#define APB_KERNELS_X86_REGISTERS_H_

// APB_ACCUMULATE(instruction, intrinsic, sum, x): sum = intrinsic(sum, x). GCC likes to add into the register of x and
// to copy that back at the end of a loop, a move for every sum; a core that begins four vector operations a cycle
// (Zen 5) then loses a tenth to moves.
//
// APB_BROADCAST_WORD(vector, word): 16 times the uint32_t at `word`. Where that is also needed as an address, GCC takes
// it from the general register, by way of one busy port, and not from memory (a tenth of a sparse product).
#if defined(__GNUC__) && !defined(__clang__)
#define APB_ACCUMULATE(instruction, intrinsic, sum, x) __asm__(instruction " %1, %0, %0" : "+v"(sum) : "v"(x))
#define APB_BROADCAST_WORD(vector, word) __asm__("vpbroadcastd %1, %0" : "=v"(vector) : "m"(word))
#else
#define APB_ACCUMULATE(instruction, intrinsic, sum, x) static_cast<void>((sum) = intrinsic(sum, x))
#define APB_BROADCAST_WORD(vector, word) static_cast<void>((vector) = _mm512_set1_epi32(static_cast<int>(word)))
#endif

#endif  // APB_KERNELS_X86_REGISTERS_H_
