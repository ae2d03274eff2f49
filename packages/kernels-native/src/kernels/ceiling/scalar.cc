#include "kernels/add_fields.h"
#include "kernels/ceiling/words.h"

namespace apb {

uint64_t CeilingScalar(bool exclusive, size_t rounds, uint64_t* sink) {
  return CeilingByWords(exclusive, rounds, sink, AddFields());
}

}  // namespace apb
