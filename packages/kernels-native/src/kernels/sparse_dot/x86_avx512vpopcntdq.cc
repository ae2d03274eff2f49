#include "kernels/sparse_dot/x86_avx512.h"

namespace apb {

void SparseDotX86Avx512Vpopcntdq(const SparseDotArgs& args) { AllRows(args); }

}  // namespace apb
