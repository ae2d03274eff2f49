#include "kernels/scale_panel/op.h"
#include "kernels/sparse_dot/x86_avx512.h"

namespace apb {
namespace {

struct Channels {
  template <size_t V, typename Term>
  static void Run(const ScalePanelArgs& panel, size_t lane) {
    for (size_t i = 0; i < panel.channels; ++i) {
      const size_t c = panel.order[i], terms = TermsOf(panel, c);
      if (terms == 0)
        Scale<V>(panel, c, lane);
      else if (i + 1 < panel.channels)
        TwoRows<V, Term>(panel, c, panel.order[++i], lane);
      else
        OneRow<V, Term>(panel, c, lane);
    }
  }

 private:
  static size_t TermsOf(const ScalePanelArgs& panel, size_t c) { return panel.row_start[c + 1] - panel.row_start[c]; }

  static SparseRow RowOf(const ScalePanelArgs& panel, size_t c) {
    const size_t start = panel.row_start[c];
    const SparseDotArgs& s = panel.sparse;
    return {s.columns + start, s.values + start, s.taps ? s.taps + start : nullptr, TermsOf(panel, c)};
  }

  template <size_t V>
  static APB_NOINLINE void Scale(const ScalePanelArgs& panel, size_t c, size_t lane) {
    const __m512 scale = _mm512_set1_ps(panel.scales[c] * panel.sparse.step);
    const int32_t* acc = panel.acc + c * kTileRows + lane;
    float* y = panel.y + c * panel.ldy + lane;
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      const __m512 product = _mm512_cvtepi32_ps(_mm512_loadu_si512(acc + v * kLanes));
      _mm512_storeu_ps(y + v * kLanes, _mm512_mul_ps(scale, product));
    }
  }

  template <size_t V>
  static void Store(const ScalePanelArgs& panel, size_t c, size_t lane, const __m512* sums) {
    const __m512 scale = _mm512_set1_ps(panel.scales[c] * panel.sparse.step), step = _mm512_set1_ps(panel.sparse.step);
    const int32_t* acc = panel.acc + c * kTileRows + lane;
    float* y = panel.y + c * panel.ldy + lane;
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) _mm512_storeu_ps(y + v * kLanes, Product(acc + v * kLanes, scale, step, sums[v]));
  }

  template <size_t V, typename Term>
  static APB_NOINLINE void OneRow(const ScalePanelArgs& panel, size_t c, size_t lane) {
    const SparseRow row = RowOf(panel, c);
    __m512 sums[V] = {};
    for (size_t t = 0; t < row.terms; ++t) Term::template Add<V>(panel.sparse, row, t, lane, sums);
    Store<V>(panel, c, lane, sums);
  }

  // Two channels side by side, d with as many terms as c or more: a sum waits for its last addition, sums of the other
  // channel meanwhile go on, and the end of a loop is guessed wrong once for both.
  template <size_t V, typename Term>
  static void TwoRows(const ScalePanelArgs& panel, size_t c, size_t d, size_t lane) {
    const SparseRow a = RowOf(panel, c), b = RowOf(panel, d);
    __m512 sums_a[V] = {}, sums_b[V] = {};
    for (size_t t = 0; t < a.terms; ++t) {
      Term::template Add<V>(panel.sparse, a, t, lane, sums_a);
      Term::template Add<V>(panel.sparse, b, t, lane, sums_b);
    }
    for (size_t t = a.terms; t < b.terms; ++t) Term::template Add<V>(panel.sparse, b, t, lane, sums_b);
    Store<V>(panel, c, lane, sums_a);
    Store<V>(panel, d, lane, sums_b);
  }
};

}  // namespace

void ScalePanelX86Avx512Vpopcntdq(const ScalePanelArgs& args) { ForTerms<Channels>(args.sparse, args); }

}  // namespace apb
