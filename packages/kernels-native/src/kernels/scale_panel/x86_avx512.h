// Products of a panel of channels, scaled and with their sparse parts, handed on vector by vector. For files of this
// instruction set only.
#include "kernels/scale_panel/op.h"
#include "kernels/sparse_dot/x86_avx512.h"

namespace apb {
namespace {

constexpr size_t kLine = 64;  // bytes of a cache line

// Sink::Panel(args) are the ScalePanelArgs of what the kernel takes; Sink::Put<V>(args, channel, lane, y) takes the
// values of V * kLanes rows from `lane`.
template <typename Sink>
struct Channels {
  using Args = typename Sink::Args;

  template <size_t V, typename Term>
  static void Run(const Args& args, size_t lane) {
    const ScalePanelArgs& panel = Sink::Panel(args);
    if (lane == 0) FetchNext(panel);
    for (size_t i = 0; i < panel.channels; ++i) {
      const size_t c = panel.order[i];
      if (TermsOf(panel, c) == 0)
        NoTerms<V>(args, c, lane);
      else if (i + 1 < panel.channels)
        TwoRows<V, Term>(args, c, panel.order[++i], lane);
      else
        OneRow<V, Term>(args, c, lane);
    }
  }

 private:
  // As many terms as these channels have, of those that follow them: channels are not worked on in their order, so that
  // the processor does not see by itself what comes next.
  static void FetchNext(const ScalePanelArgs& panel) {
    const size_t first = panel.row_start[0], next = panel.row_start[panel.channels], as_many = next + next - first;
    const size_t end = as_many < panel.sparse.terms ? as_many : panel.sparse.terms;
    const auto fetch = [](const void* at) { _mm_prefetch(static_cast<const char*>(at), _MM_HINT_T0); };
    for (size_t t = next; t < end; t += kLine / sizeof(float)) fetch(panel.sparse.values + t);
    for (size_t t = next; t < end; t += kLine / sizeof(uint16_t)) fetch(panel.sparse.columns + t);
  }

  static APB_INLINE size_t TermsOf(const ScalePanelArgs& panel, size_t c) {
    return panel.row_start[c + 1] - panel.row_start[c];
  }

  static APB_INLINE SparseRow RowOf(const ScalePanelArgs& panel, size_t c) {
    const size_t start = panel.row_start[c];
    const SparseDotArgs& s = panel.sparse;
    return {s.columns + start, s.values + start, s.taps ? s.taps + start : nullptr, TermsOf(panel, c)};
  }

  template <size_t V>
  static APB_NOINLINE void NoTerms(const Args& args, size_t c, size_t lane) {
    const ScalePanelArgs& panel = Sink::Panel(args);
    const __m512 scale = _mm512_set1_ps(panel.scales[c] * panel.sparse.step);
    const int32_t* acc = panel.acc + c * kTileRows + lane;
    __m512 y[V];
    APB_UNROLL
    for (size_t v = 0; v < V; ++v)
      y[v] = _mm512_mul_ps(scale, _mm512_cvtepi32_ps(_mm512_loadu_si512(acc + v * kLanes)));
    Sink::template Put<V>(args, c, lane, y);
  }

  template <size_t V>
  static APB_INLINE void Finish(const Args& args, size_t c, size_t lane, const __m512* sums) {
    const ScalePanelArgs& panel = Sink::Panel(args);
    const __m512 scale = _mm512_set1_ps(panel.scales[c] * panel.sparse.step), step = _mm512_set1_ps(panel.sparse.step);
    const int32_t* acc = panel.acc + c * kTileRows + lane;
    __m512 y[V];
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) y[v] = Product(acc + v * kLanes, scale, step, sums[v]);
    Sink::template Put<V>(args, c, lane, y);
  }

  template <size_t V, typename Term>
  static APB_NOINLINE void OneRow(const Args& args, size_t c, size_t lane) {
    const SparseDotArgs& sparse = Sink::Panel(args).sparse;
    const SparseRow row = RowOf(Sink::Panel(args), c);
    __m512 sums[V] = {};
    for (size_t t = 0; t < row.terms; ++t) Term::template Add<V>(sparse, row, t, lane, sums);
    Finish<V>(args, c, lane, sums);
  }

  // Two channels side by side, d with as many terms as c or more: a sum waits for its last addition, sums of the other
  // channel meanwhile go on, and the end of a loop is guessed wrong once for both.
  template <size_t V, typename Term>
  static APB_INLINE void TwoRows(const Args& args, size_t c, size_t d, size_t lane) {
    const SparseDotArgs& sparse = Sink::Panel(args).sparse;
    const SparseRow a = RowOf(Sink::Panel(args), c), b = RowOf(Sink::Panel(args), d);
    __m512 sums_a[V] = {}, sums_b[V] = {};
    for (size_t t = 0; t < a.terms; ++t) {
      Term::template Add<V>(sparse, a, t, lane, sums_a);
      Term::template Add<V>(sparse, b, t, lane, sums_b);
    }
    for (size_t t = a.terms; t < b.terms; ++t) Term::template Add<V>(sparse, b, t, lane, sums_b);
    Finish<V>(args, c, lane, sums_a);
    Finish<V>(args, d, lane, sums_b);
  }
};

}  // namespace
}  // namespace apb
