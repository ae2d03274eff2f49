#include "kernels/cut_panel/words.h"

namespace apb {

void CutPanelScalar(const CutPanelArgs& args) { CutPanelByWords<uint64_t>(args); }

}  // namespace apb
