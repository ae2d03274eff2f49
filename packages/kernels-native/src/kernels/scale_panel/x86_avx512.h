// Products of a panel of channels, scaled and with their sparse parts, handed on vector by vector. For files of this
// instruction set only.
#include "kernels/scale_panel/op.h"
#include "kernels/sparse_dot/x86_avx512.h"

namespace apb {
namespace {

constexpr size_t kLine = 64;  // bytes of a cache line

// Sink::Panel(args) are the ScalePanelArgs of what the kernel takes; Sink::Put<V>(args, channel, lane, y) takes the
// values of V * kLanes rows from `lane`; Sink::kLongChain says whether that takes many operations one after the other.
template <typename Sink>
struct Channels {
  using Args = typename Sink::Args;

  template <size_t V, typename Term>
  static void Run(const Args& args, size_t lane) {
    const ScalePanelArgs& panel = Sink::Panel(args);
    if (lane == 0) FetchNext(panel);
    const uint8_t* order = panel.order;
    const uint8_t* const end = order + panel.channels;
    for (; order < end && TermsOf(panel, *order) == 0; ++order) NoTerms<V>(args, *order, lane);
    if ((end - order) % 2) OneRow<V, Term>(args, *order++, lane);
    if (order == end) return;
    if (Sink::kLongChain) return Overlapped<V, Term>(args, order, end, lane);
    for (; order < end; order += 2) {
      Pair<V> sums;
      Sum<V, Term>(args, order, lane, sums);
      FinishPair<V>(args, order, lane, sums);
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

  // Sums of two channels that are worked on side by side: while a sum waits for its last addition, those of the other
  // channel go on, and the end of a loop is guessed wrong once for both.
  template <size_t V>
  struct Pair {
    __m512 a[V], b[V];
  };

  // Channels order[0] and order[1], which has as many terms or more.
  template <size_t V, typename Term>
  static APB_INLINE void Sum(const Args& args, const uint8_t* order, size_t lane, Pair<V>& sums) {
    const SparseDotArgs& sparse = Sink::Panel(args).sparse;
    const SparseRow a = RowOf(Sink::Panel(args), order[0]), b = RowOf(Sink::Panel(args), order[1]);
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) sums.a[v] = sums.b[v] = _mm512_setzero_ps();
    for (size_t t = 0; t < a.terms; ++t) {
      Term::template Add<V>(sparse, a, t, lane, sums.a);
      Term::template Add<V>(sparse, b, t, lane, sums.b);
    }
    for (size_t t = a.terms; t < b.terms; ++t) Term::template Add<V>(sparse, b, t, lane, sums.b);
  }

  template <size_t V>
  static APB_INLINE void FinishPair(const Args& args, const uint8_t* order, size_t lane, const Pair<V>& sums) {
    Finish<V>(args, order[0], lane, sums.a);
    Finish<V>(args, order[1], lane, sums.b);
  }

  // Where what follows the sums of a pair is one long chain of operations, a pair with its chain fills the window in
  // which the processor looks for work. Chains are put behind the terms of the next pair, which depend on none of them.
  // Short chains gain nothing by it, and few terms lose.
  template <size_t V, typename Term>
  static APB_INLINE void Overlapped(const Args& args, const uint8_t* order, const uint8_t* end, size_t lane) {
    Pair<V> even, odd;
    Sum<V, Term>(args, order, lane, even);
    for (;; order += 4) {
      if (order + 2 == end) return FinishPair<V>(args, order, lane, even);
      Sum<V, Term>(args, order + 2, lane, odd);
      FinishPair<V>(args, order, lane, even);
      if (order + 4 == end) return FinishPair<V>(args, order + 2, lane, odd);
      Sum<V, Term>(args, order + 4, lane, even);
      FinishPair<V>(args, order + 2, lane, odd);
    }
  }
};

}  // namespace
}  // namespace apb
