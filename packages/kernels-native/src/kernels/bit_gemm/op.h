// The integer heart: popcounts of XORed bit rows. Every product of bit planes in the contract is a linear
// function of it (ops/integer.cc says which), so an instruction set that brings this one kernel brings them all.
#ifndef APB_KERNELS_BIT_GEMM_OP_H_
#define APB_KERNELS_BIT_GEMM_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// Weight rows (output channels) are packed in panels of this many, on every instruction set.
constexpr size_t kPanel = 16;
// Activation rows are packed in panels of this many.
constexpr size_t kTileRows = 64;

// One side of a product: bit planes of `items` rows of k bits, word by word, rows side by side:
// word w of plane p of row i is words[(p * count + w) * stride + i]. A word has as many bits as the
// instruction set's lane (Kernels::lane_bits: uint32_t or uint64_t), least significant bit first; bits beyond
// k are 0. stride is kTileRows for activations, kPanel for weights; memory is aligned to 64 bytes, and all stride items
// of a word can be read: items beyond `items` hold anything.
struct BitPanel {
  const void* words;
  size_t stride;
  size_t items;
  unsigned planes;
};

// out[j * ldo + i] = lane_terms[i] + column_terms[j] + factor * C(i, j), modulo 2^32, where
//   C(i, j) = sum over planes p of lanes, planes u of columns of 2^(p + u) * popcount(lanes[p][i] ^ columns[u][j])
// One side are weights of one or two planes, the other activations of one, two or four, either way round. Vectors run
// over the items of `lanes`, those of `columns` are broadcast. At most kTileRows items of activations, kPanel of
// weights.
struct BitGemmArgs {
  BitPanel lanes;
  BitPanel columns;
  size_t words;                 // of one plane of one row
  size_t triples;               // the first 3 * triples words of every plane, on both sides, are folded
                                // (fold_panel/op.h); 0 where nothing is
  int32_t factor;               // +-1 or +-2
  const int32_t* lane_terms;    // [lanes.items] rounded up to kPanel, or null: all 0
  const int32_t* column_terms;  // [columns.items], or null: all 0
  int32_t* out;  // [columns.items][ldo]; lanes.items of each row are written, up to the next multiple of kPanel may be
  size_t ldo;
  // Bytes from the columns to those of the product that follows, which may be fetched meanwhile; 0 where that is not
  // worth while.
  ptrdiff_t ahead = 0;
};

using BitGemm = void(const BitGemmArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_BIT_GEMM_OP_H_
