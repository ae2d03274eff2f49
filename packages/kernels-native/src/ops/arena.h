// The memory of one run of a network: all its values in one block.
#ifndef APB_OPS_ARENA_H_
#define APB_OPS_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/aligned.h"
#include "ops/buffer.h"
#include "ops/network.h"
#include "ops/op.h"

namespace apb {

// Where the values of a network lie for a batch of some size.
struct Layout {
  std::size_t batch;
  std::vector<std::size_t> offsets;  // of each value
  std::size_t bytes;
};

// The step is a reshape whose output has the same bytes in the same order: it can lie where its input does.
bool KeepsBytes(const Network& network, const Step& step);

// Values share memory unless both are needed: the input from the first step on, others from the step that
// writes them, each until the last step that reads it, the output until the end. Throws ContractError when a
// size overflows.
Layout LayOut(const Network& network, std::size_t batch);

// A block of memory with the buffers of a layout. Throws std::bad_alloc when there is no memory.
class Arena {
 public:
  // Lays the values of a network, always the same one, out anew unless they are for that batch already;
  // memory is kept where it is enough. Contents are undefined afterwards. The network must outlive the arena.
  void Fit(const Network& network, std::shared_ptr<const Layout> layout);

  const Layout* layout() const { return layout_.get(); }
  std::size_t bytes() const { return memory_.bytes(); }
  Buffer& value(std::size_t i) { return values_[i]; }
  // What step i works on.
  const Operands& operands(std::size_t i) const { return operands_[i]; }

 private:
  AlignedArray<std::uint8_t> memory_;
  std::shared_ptr<const Layout> layout_;
  std::vector<Buffer> values_;
  std::vector<Operands> operands_;  // of each step
};

}  // namespace apb

#endif  // APB_OPS_ARENA_H_
