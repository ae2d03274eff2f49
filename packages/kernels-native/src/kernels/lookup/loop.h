// What lookups have in common on all instruction sets. Included by one file per instruction set: internal linkage keeps
// code of wider ones out of the others.
#include "kernels/lookup/op.h"
#include "kernels/row_blocks.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

// Make::Tables<planes, sign>(args) for the planes that are asked for.
template <typename Make>
inline void TablesOfPlanes(const LookupTablesArgs& args) {
  if (args.sign) return Make::template Tables<1, true>(args);
  switch (args.planes) {
    case 1: return Make::template Tables<1, false>(args);
    case 2: return Make::template Tables<2, false>(args);
    case 4: return Make::template Tables<4, false>(args);
  }
}

template <typename Tile, size_t R>
APB_INLINE void TileOfRows(const LookupSumsArgs& args, size_t block, size_t row, size_t rows) {
  if (rows == R) return Tile::template Sum<R>(args, block, row);
  if constexpr (R > 1) TileOfRows<Tile, R - 1>(args, block, row, rows);
}

// Tile::Sum<R>(args, block, row) for all rows, in tiles of at most Tile::kRows.
template <typename Tile>
APB_INLINE void TilesOfRows(const LookupSumsArgs& args, size_t block) {
  ForEachRowBlock<Tile::kRows>(args.rows,
                               [&](size_t row, size_t rows) { TileOfRows<Tile, Tile::kRows>(args, block, row, rows); });
}

}  // namespace
}  // namespace apb
