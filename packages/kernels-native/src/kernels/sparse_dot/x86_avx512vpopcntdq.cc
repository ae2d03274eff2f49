#include "kernels/sparse_dot/x86_avx512.h"

namespace apb {

void SparseDotX86Avx512Vpopcntdq(const SparseDotArgs& args) { SparseRows<1>(&args); }

}  // namespace apb
