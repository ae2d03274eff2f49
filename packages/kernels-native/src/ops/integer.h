// Exact integer products of panels of bits.
#ifndef APB_OPS_INTEGER_H_
#define APB_OPS_INTEGER_H_

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"
#include "ops/weights.h"

namespace apb {

// A panel of activations that meets weights.
struct ActivationTile {
  const void* words;  // of a BitPanel of stride kTileRows
  std::size_t rows;   // 1 .. kTileRows
  unsigned planes;
  bool sign;
  const std::int32_t* terms;  // [kTileRows] from FillTerms, or null for signs and where IsBalanced
};

// What the rows of a tile of codes add to their products with any weights of `weight_bits` bits.
//   ones: [LaneWords][kPanel] words of ones   terms: [kTileRows]
void FillTerms(const Kernels& kernels, unsigned weight_bits, const ActivationTile& tile, std::size_t k,
               const void* ones, std::int32_t* terms);

// Lays out a panel of 2-bit codes, `words` of one plane, as balanced_gemm takes it.
void Balance(const Kernels& kernels, std::size_t words, void* panel);

// Exact products of panels of weights with tiles of signs, or of codes.
class PanelProduct {
 public:
  PanelProduct(const Kernels& kernels, const Weights& weights, bool sign);

  // out[j][i] = sum(s*a) for sign planes, sum(s*q) for codes, 2p - 3 in place of s for 2-bit weights, for channel j of
  // a weight panel (`channels` of them, at most kPanel) and row i of the tile. Bits that stand for taps outside the
  // picture are 0: codes add nothing there, signs count as +1.
  //   out: [channels][ldo], kTileRows of each row may be written
  void Multiply(std::size_t panel, std::size_t channels, const ActivationTile& tile, std::int32_t* out,
                std::size_t ldo) const;

 private:
  // Terms of lanes and of columns, either may be null.
  void Run(const BitPanel& lanes, const BitPanel& columns, const std::int32_t* lane_terms,
           const std::int32_t* column_terms, std::int32_t* out, std::size_t ldo, std::ptrdiff_t ahead) const;

  const Kernels& kernels_;
  const BitWeights& bits_;
  const bool exclusive_;
  const std::int32_t factor_;
  const std::size_t words_, panel_bytes_;
  const bool fetches_;
  std::int32_t constant_[kPanel];  // of every channel, for signs
};

}  // namespace apb

#endif  // APB_OPS_INTEGER_H_
