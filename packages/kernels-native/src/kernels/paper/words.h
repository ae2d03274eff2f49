// The paper's algorithms in general registers, over a popcount of 64 bits. Included by one file per popcount.
#include "kernels/paper/op.h"

namespace apb {
namespace {

// Word w of matrix m (of `matrices`) of item i of a side.
inline uint64_t At(const uint64_t* side, size_t matrices, size_t w, size_t m, size_t i) {
  return side[(w * matrices + m) * kPaperTile + i];
}

template <typename Cell>
inline void ForEachCell(const PaperArgs& args, Cell cell) {
  for (size_t i = 0; i < kPaperTile; ++i)
    for (size_t j = 0; j < kPaperTile; ++j) args.out[i * args.ldo + j] = cell(i, j);
}

template <typename Popcount>
inline void Paper1x1ByWords(const PaperArgs& args, Popcount popcount) {
  ForEachCell(args, [&](size_t i, size_t j) {
    uint64_t count = 0;
    for (size_t w = 0; w < args.words; ++w) count += popcount(At(args.rows, 1, w, 0, i) ^ At(args.columns, 1, w, 0, j));
    return static_cast<int32_t>(args.k) - 2 * static_cast<int32_t>(count);
  });
}

template <typename Popcount>
inline void Paper1x2ByWords(const PaperArgs& args, Popcount popcount) {
  ForEachCell(args, [&](size_t i, size_t j) {
    int32_t within = 0, outside = 0;
    for (size_t w = 0; w < args.words; ++w) {
      const uint64_t a = At(args.rows, 1, w, 0, i), mask = At(args.columns, 3, w, 0, j);
      within += static_cast<int32_t>(popcount((a ^ At(args.columns, 3, w, 1, j)) & mask));
      outside += static_cast<int32_t>(popcount((a ^ At(args.columns, 3, w, 2, j)) & ~mask));
    }
    const int32_t large = args.large[j];
    return 3 * (large - 2 * within) + (static_cast<int32_t>(args.k) - large) - 2 * outside;
  });
}

template <typename Popcount>
inline void Paper2x2ByWords(const PaperArgs& args, Popcount popcount) {
  ForEachCell(args, [&](size_t i, size_t j) {
    int32_t masks[4] = {}, counts[4] = {};
    for (size_t w = 0; w < args.words; ++w) {
      const uint64_t m = At(args.rows, 3, w, 0, i), t = At(args.rows, 3, w, 1, i), h = At(args.rows, 3, w, 2, i);
      const uint64_t n = At(args.columns, 3, w, 0, j), u = At(args.columns, 3, w, 1, j),
                     g = At(args.columns, 3, w, 2, j);
      masks[0] += static_cast<int32_t>(popcount(m & n));
      masks[1] += static_cast<int32_t>(popcount(m & ~n));
      masks[2] += static_cast<int32_t>(popcount(~m & n));
      masks[3] += static_cast<int32_t>(popcount(m | n));
      counts[0] += static_cast<int32_t>(popcount((t ^ u) & (m & n)));
      counts[1] += static_cast<int32_t>(popcount((t ^ g) & (m & ~n)));
      counts[2] += static_cast<int32_t>(popcount((h ^ u) & (~m & n)));
      counts[3] += static_cast<int32_t>(popcount((h ^ g) & ~(m | n)));
    }
    masks[3] = static_cast<int32_t>(args.k) - masks[3];
    return 9 * (masks[0] - 2 * counts[0]) + 3 * (masks[1] - 2 * counts[1]) + 3 * (masks[2] - 2 * counts[2]) +
           (masks[3] - 2 * counts[3]);
  });
}

}  // namespace
}  // namespace apb
