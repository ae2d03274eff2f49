#include "kernels/scale_panel/x86_avx512.h"

namespace apb {
namespace {

struct Floats {
  using Args = ScalePanelArgs;
  static constexpr bool kLongChain = false;

  static const ScalePanelArgs& Panel(const ScalePanelArgs& args) { return args; }

  template <size_t V>
  static APB_INLINE void Put(const ScalePanelArgs& args, size_t c, size_t lane, const __m512* y) {
    float* to = args.y + c * args.ldy + lane;
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) _mm512_storeu_ps(to + v * kLanes, y[v]);
  }
};

}  // namespace

void ScalePanelX86Avx512Vpopcntdq(const ScalePanelArgs& args) { ForTerms<Channels<Floats>>(args.sparse, args); }

}  // namespace apb
