// Panels of bits laid out so that three words are counted by fewer operations than one by one.
#ifndef APB_KERNELS_FOLD_PANEL_OP_H_
#define APB_KERNELS_FOLD_PANEL_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// A triple: words w, w + 1, w + 2 of a plane, x, y, z, are folded to x ^ z, y ^ z, x ^ y ^ z. XOR of two folded panels
// is then what folding the XOR of the panels would give. For differences x, y, z of bits of two sides, a carry-save
// adder counts x + y + z = p + 2 m by the parity p = x ^ y ^ z and the majority m = ((x ^ z) | (y ^ z)) ^ p: given
// the folded words these are two XORs, a ternary operation and one more XOR, and two words are left to be counted
// instead of three. With XOR, popcount and addition for every word, three take 9 operations; folded they take 8.
constexpr size_t kTriple = 3;

// Folds the first words / 3 * 3 words of each plane and copies the others. Optional: where an instruction set has this
// kernel, its bit_gemm reads folded panels.
struct FoldPanelArgs {
  const uint32_t* from;  // [planes][words][stride], aligned to 64 bytes, as in bit_gemm
  size_t planes;
  size_t words;
  size_t stride;
  size_t items;  // of a word that matter; up to the next multiple of 16 are read and written
  uint32_t* to;  // as from, which it may be
};

using FoldPanel = void(const FoldPanelArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_FOLD_PANEL_OP_H_
