// A network made ready: carries out its steps on an arena, and knows how long they take.
#ifndef APB_OPS_PROGRAM_H_
#define APB_OPS_PROGRAM_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "kernels/kernels.h"
#include "ops/arena.h"
#include "ops/network.h"

namespace apb {

// Over all runs so far.
struct StepTime {
  std::uint64_t runs;
  double us;  // mean, 0 without runs
};

// Every function may be called from any thread.
class Program {
 public:
  // Throws ContractError when the network does not hold together.
  Program(const Kernels& kernels, Network network);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const Network& network() const { return network_; }
  std::size_t threads() const { return kernels_.threads; }
  std::size_t steps() const { return network_.steps.size(); }
  // Of all weights.
  std::size_t weight_bytes() const;
  // Pictures of a batch that are worked on together: as many as keep their values in the caches of the program's
  // threads, at least one. A batch of any size then takes the memory of one slice, and a network with large values
  // runs at the rate of single pictures.
  std::size_t SliceOf(std::size_t batch);
  // Remembers the last few. Throws ContractError when a size overflows.
  std::shared_ptr<const Layout> LayoutFor(std::size_t pictures);

  // Step i, on at most `threads` threads, which change no bit of the result. The arena is laid out for this
  // network. Times of a run's slices add up; `ends` with the last one. Throws ContractError when the step's operands do
  // not fit together.
  void RunStep(std::size_t i, std::size_t threads, bool ends, Arena& arena);

  std::vector<StepTime> times() const;

 private:
  struct Clock {
    std::atomic<std::uint64_t> runs{0}, nanoseconds{0};
  };

  const Kernels kernels_;
  const Network network_;
  const std::unique_ptr<Clock[]> clocks_;  // of each step
  std::vector<bool> done_;                 // steps whose output lies where their input does, or is written before
  std::mutex mutex_;
  std::map<std::size_t, std::shared_ptr<const Layout>> layouts_;  // by pictures; guarded by the mutex
};

}  // namespace apb

#endif  // APB_OPS_PROGRAM_H_
