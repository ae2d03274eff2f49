// Products of bits with signs or small codes by looking sums up. The k of a product are cut into groups of
// `index_bits`; for a group of a row of activations a table holds what every pattern of weight bits makes of it, and a
// shuffle looks up the sums of as many output channels as a vector has bytes. A lookup and an addition so stand for
// index_bits products a byte, whatever the number of planes, where counting takes three instructions a plane for eight
// (after T-MAC, Wei et al., arXiv 2407.00088, who look up groups of four).
#ifndef APB_KERNELS_LOOKUP_OP_H_
#define APB_KERNELS_LOOKUP_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// Output channels whose indices lie together.
constexpr size_t kLookupChannels = 64;
// Rows of activations that are summed together, at most.
constexpr size_t kLookupRows = 8;
// Words of a plane after which a group begins with a word: index_bits divides 192.
constexpr size_t kLookupPeriod = 3;

// tables[i * table_stride + g * 2^index_bits + b] = sum of the codes of group g of pixel i over the ones of pattern b,
// or for signs the number of bits in which the group differs from b. Groups are those of the `words` words of every
// plane; the last one may have fewer bits.
struct LookupTablesArgs {
  const uint64_t* pixels;  // of the first pixel and plane
  size_t stride;           // words from one pixel to the next
  size_t plane;            // words from one plane to the next
  size_t words;
  unsigned planes;  // 1, 2 or 4: sums of a group fit a byte
  bool sign;        // of one plane
  size_t count;     // pixels
  uint8_t* tables;
  size_t table_stride;  // bytes, a multiple of 64
};

// Sums of what is looked up, for `rows` rows and blocks of kLookupChannels channels, over the taps of some
// lines of a convolution (or of one line and tap), of every tap `groups` groups.
struct LookupSumsArgs {
  // Patterns of weight bits: [blocks], block_stride bytes apart, [lines][taps], tap_indices bytes apart,
  // [groups][kLookupChannels]
  const uint8_t* indices;
  size_t block_stride, tap_indices;
  size_t blocks;
  // [lines]: `groups` tables that follow each other, of the first row and tap; those of the next row are row_stride
  // bytes further, those of the next tap tap_stride
  const uint8_t* const* tables;
  size_t row_stride, tap_stride;
  size_t lines, taps, rows, groups;
  unsigned most;   // groups whose sums a byte is sure to hold
  bool add;        // to what stands in sums
  uint16_t* sums;  // [rows][sums_stride], of a block kLookupChannels in an order that `turn` knows; modulo 2^16
  size_t sums_stride;
};

// out[j * ldo + i] = terms[i] - 2 * sum of row i and channel j: what `sums` left of one block. Sums below 2^15.
struct LookupTurnArgs {
  const uint16_t* sums;  // of the block and the first row
  size_t sums_stride;
  size_t rows, channels;  // rows: at most 64
  const int32_t* terms;   // [rows] rounded up to 16
  int32_t* out;           // rows up to the next multiple of 16 may be written
  size_t ldo;
};

// The three go together. Optional.
struct Lookup {
  unsigned index_bits;
  // How often tables of 1, 2 and 4 planes (in this order) must be looked up for a block of channels, which is taps *
  // channels / kLookupChannels / strides, until that takes less time than counting: tables that are kept for all taps
  // of a convolution, and those of rows that are pixels. 0: always longer.
  float least_uses[3], least_pixel_uses[3];
  void (*tables)(const LookupTablesArgs& args);
  void (*sums)(const LookupSumsArgs& args);
  void (*turn)(const LookupTurnArgs& args);
};

using LookupKernels = const Lookup&();

}  // namespace apb

#endif  // APB_KERNELS_LOOKUP_OP_H_
