// Runs of a program off the calling thread: a bounded number at once, each with an arena of its own; the
// others wait in the order of their calls.
#ifndef APB_OPS_RUNS_H_
#define APB_OPS_RUNS_H_

#include <atomic>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/aligned.h"
#include "ops/arena.h"
#include "ops/program.h"

namespace apb {

// Runs at work on the threads that several programs are allowed together.
struct Load {
  std::atomic<std::size_t> running{0};
};

// One run of a program ("Run" is the function that carries out an operation).
class Job {
 public:
  // Ends it before its next step.
  void Stop() { stop_.store(true, std::memory_order_relaxed); }

  // After the end: the network's output, empty when the run was stopped or failed.
  const AlignedArray<float>& output() const { return output_; }
  // Null unless the run failed.
  const std::exception_ptr& error() const { return error_; }
  bool stopped() const { return stop_.load(std::memory_order_relaxed); }

 private:
  friend class Runs;

  std::size_t batch_ = 0, slice_ = 0;  // pictures, and those worked on together
  std::function<void()> done_;
  AlignedArray<float> staged_;  // the input of a run that waits for an arena or has several slices
  AlignedArray<float> output_;
  std::exception_ptr error_;
  std::atomic<bool> stop_{false};
};

// All runs of one program. At most as many as the program has threads are at work: more would only take
// memory. A run uses its share of the program's threads, divided by the runs at work, which changes no bit of
// its result.
class Runs : public std::enable_shared_from_this<Runs> {
 public:
  Runs(std::shared_ptr<Program> program, std::shared_ptr<Load> load);

  Program& program() { return *program_; }

  // Copies `size` values of input, which must be those of `batch` pictures, and returns; `done` is called
  // once when the run has ended, on another thread. Null and no call when a value is not finite. To be called
  // by one thread at a time. Throws ContractError when the size is wrong, std::bad_alloc, std::system_error.
  std::shared_ptr<Job> Start(std::size_t batch, const float* values, std::size_t size, std::function<void()> done);

  // Ends all runs before their next step, and frees what no run needs. Later ones end before their first.
  void Stop();

  // Of the weights, of all arenas and of what is kept beside them.
  std::size_t bytes() const { return weight_bytes_ + arena_bytes_.load(std::memory_order_relaxed); }

 private:
  using ArenaRef = std::shared_ptr<Arena>;

  bool Take(const float* values, std::size_t size, Job& run, const ArenaRef& arena);
  void Begin(std::shared_ptr<Job> run, ArenaRef arena);
  void Serve(std::shared_ptr<Job> run, const ArenaRef& arena);
  void CarryOut(Job& run, Arena& arena);
  void Compute(Job& run, Arena& arena);
  std::size_t Share(std::size_t turn) const;
  bool Ended(const Job& run) const;
  AlignedArray<float> Stage(std::size_t size);
  void Unstage(AlignedArray<float> staged);
  float* InputOf(Arena& arena, std::size_t pictures);
  bool RunSlice(const Job& run, std::size_t first, std::size_t count, std::size_t turn, Arena& arena);

  ArenaRef Claim(std::size_t pictures);
  void GiveBack(const ArenaRef& arena);
  std::shared_ptr<Job> Next(const ArenaRef& arena);
  // The mutex is held.
  ArenaRef ClaimLocked(std::size_t pictures);
  void GiveBackLocked(const ArenaRef& arena);

  const std::shared_ptr<Program> program_;
  const std::shared_ptr<Load> load_;
  const std::size_t most_;  // arenas
  const std::size_t weight_bytes_;
  std::atomic<std::size_t> arena_bytes_{0};
  std::atomic<std::size_t> turns_{0};  // runs begun so far
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;         // guards the rest
  std::size_t claimed_ = 0;  // arenas
  std::vector<ArenaRef> idle_;
  std::deque<std::shared_ptr<Job>> waiting_;
  AlignedArray<float> spare_;  // of an earlier run's input
};

}  // namespace apb

#endif  // APB_OPS_RUNS_H_
