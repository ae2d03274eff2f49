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
  const void* words;     // of a BitPanel of stride kTileRows; may be arranged too where there are no sparse weights
  const void* arranged;  // the same as products read them (ArrangePanel)
  std::size_t rows;      // 1 .. kTileRows
  unsigned planes;
  bool sign;
};

// Whether products with these weights read panels in another layout than sparse weights do: IsBalanced, or folded.
bool ArrangesPanels(const Kernels& kernels, const Weights& weights);

// Whether that layout is the folded one.
bool FoldsPanels(const Kernels& kernels, const Weights& weights);

// Writes a panel of so many rows, which may be `to`, in that layout.
void ArrangePanel(const Kernels& kernels, const Weights& weights, const void* words, std::size_t rows, void* to);

// terms[i] = sum of the codes of row i of a panel: what products that are looked up begin with.
//   ones: [LaneWords][kPanel] words of ones   terms: [kTileRows]
void SumCodes(const Kernels& kernels, const ActivationTile& tile, std::size_t k, const void* ones, std::int32_t* terms);

// Exact products of panels of weights with one tile of signs, or of codes, after another.
class PanelProduct {
 public:
  PanelProduct(const Kernels& kernels, const Weights& weights, bool sign);

  // The tile that is multiplied from now on; rows of results lie ldo apart.
  void SetTile(const ActivationTile& tile, std::size_t ldo);

  // out[j][i] = sum(s*a) for sign planes, sum(s*q) for codes, 2p - 3 in place of s for 2-bit weights, for channel j of
  // a weight panel (`channels` of them, at most kPanel) and row i of the tile. Bits that stand for taps outside the
  // picture are 0: codes add nothing there, signs count as +1.
  //   out: [channels][ldo], kTileRows of each row may be written
  void Multiply(std::size_t panel, std::size_t channels, std::int32_t* out);

 private:
  // Up to so many rows that are left over from whole groups (Kernels::row_group) become the broadcast side instead: as
  // many vectors of weights are then counted as there are rows. Turning the result around costs about as much as a few.
  static constexpr std::size_t kMostSwapped = 12;

  BitGemm* const gemm_;
  Transpose* const transpose_;
  const BitWeights& bits_;
  const bool sign_;
  const std::size_t row_group_, lane_bytes_, panel_bytes_;
  const std::ptrdiff_t ahead_;  // to the next panel, where that is fetched
  // Of the tile's rows; what is the same for all panels. Rows that are left over are the columns of `swapped_`.
  BitGemmArgs straight_, swapped_;
  alignas(64) std::int32_t constants_[kPanel];  // of every channel, for signs
};

}  // namespace apb

#endif  // APB_OPS_INTEGER_H_
