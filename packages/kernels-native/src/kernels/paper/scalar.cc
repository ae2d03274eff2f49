#include "kernels/add_fields.h"
#include "kernels/paper/words.h"

namespace apb {

void Paper1x1Scalar(const PaperArgs& args) { Paper1x1ByWords(args, AddFields()); }
void Paper1x2Scalar(const PaperArgs& args) { Paper1x2ByWords(args, AddFields()); }
void Paper2x2Scalar(const PaperArgs& args) { Paper2x2ByWords(args, AddFields()); }

}  // namespace apb
