#include "kernels/sparse_dot/x86_avx512.h"

namespace apb {
namespace {

struct Row {
  template <size_t V, typename Term>
  static void Run(const SparseDotArgs& args, size_t lane) {
    __m512 sums[V];
    APB_UNROLL
    for (size_t v = 0; v < V; ++v)
      sums[v] = args.more ? _mm512_loadu_ps(args.sums + lane + v * kLanes) : _mm512_setzero_ps();
    const SparseRow row = {args.columns, args.values, args.taps, args.terms};
    for (size_t t = 0; t < row.terms; ++t) Term::template Add<V>(args, row, t, lane, sums);
    const __m512 scale = _mm512_set1_ps(args.scale), step = _mm512_set1_ps(args.step);
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      const size_t first = lane + v * kLanes;
      _mm512_storeu_ps(args.sums + first, args.acc ? Product(args.acc + first, scale, step, sums[v]) : sums[v]);
    }
  }
};

}  // namespace

void SparseDotX86Avx512Vpopcntdq(const SparseDotArgs& args) { ForTerms<Row>(args, args); }

}  // namespace apb
