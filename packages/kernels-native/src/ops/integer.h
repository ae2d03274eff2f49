// Exact integer products of bit rows with packed weights.
#ifndef APB_OPS_INTEGER_H_
#define APB_OPS_INTEGER_H_

#include <cstdint>

#include "kernels/kernels.h"
#include "ops/inside.h"
#include "ops/weights.h"

namespace apb {

// Room for a row of products of all groups: panels may write beyond the last channel.
inline std::size_t RowStride(const Weights& weights) { return weights.rows + kPanel; }

// acc[i][n] for the rows of a tile and the output channels n of one group: sum(s*a) for sign planes, sum(s*q)
// for codes, 2p - 3 in place of s for 2-bit weights, over in-bounds taps.
//   a: [rows][planes][words], from BitRows  inside: [rows]
//   acc: [rows][RowStride(weights)]; columns beyond the group's, up to a panel, are overwritten with junk, so
//   groups go in ascending order
void IntegerTile(const Kernels& kernels, const Weights& weights, const Encoding& encoding, std::size_t group,
                 const std::uint64_t* a, std::size_t rows, const Inside* const* inside, std::int32_t* acc);

}  // namespace apb

#endif  // APB_OPS_INTEGER_H_
