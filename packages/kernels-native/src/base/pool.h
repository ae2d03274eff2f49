// Threads shared by all instances of a process. Results must not depend on how many there are: tasks write to
// places of their own, and what a task does depends on its number alone.
#ifndef APB_BASE_POOL_H_
#define APB_BASE_POOL_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace apb {

// Upper bound of a thread limit.
constexpr std::size_t kMostThreads = 256;

namespace internal {

// Runs call(task, 0) .. call(task, tasks - 1) on the calling thread and up to threads - 1 workers.
void RunShared(std::size_t threads, std::size_t tasks, void (*call)(void* task, std::size_t i), void* task);

}  // namespace internal

// Runs task(0) .. task(tasks - 1) on at most `threads` threads, the calling one among them, and returns when
// all are done. Tasks are handed out one by one in the order of their numbers. After an exception no more
// tasks are started, and the first one is thrown here. Inside a task it is a plain loop. Any number of
// threads may call at once: each does its own tasks, the workers are divided among them. Does not allocate,
// except workers at their first use. A call whose workers are awake costs about a microsecond, one that must
// wake them some tens: tasks should be worth it.
template <typename Task>
void ParallelFor(std::size_t threads, std::size_t tasks, Task&& task) {
  if (threads <= 1 || tasks <= 1) {
    for (std::size_t i = 0; i < tasks; ++i) task(i);
    return;
  }
  using Callee = std::remove_reference_t<Task>;
  const auto call = [](void* callee, std::size_t i) { (*static_cast<Callee*>(callee))(i); };
  internal::RunShared(threads, tasks, call, const_cast<void*>(static_cast<const void*>(std::addressof(task))));
}

// Values that are worth a task where little is done to each.
constexpr std::size_t kValuesPerTask = 32768;

// Calls task(first, count) for blocks of neighbouring rows, which together are all of them. A block has at
// least kValuesPerTask values, unless it is the last, and there are a few for each thread, so that a late one
// can be caught up.
template <typename Task>
void ParallelRows(std::size_t threads, std::size_t rows, std::size_t values_per_row, Task&& task) {
  if (rows == 0) return;
  const std::size_t least = kValuesPerTask / std::max<std::size_t>(values_per_row, 1) + 1;
  const std::size_t block = threads <= 1 ? rows : std::max(least, rows / (4 * threads) + 1);
  ParallelFor(threads, (rows - 1) / block + 1, [&](std::size_t i) {
    const std::size_t first = i * block;
    task(first, std::min(block, rows - first));
  });
}

}  // namespace apb

#endif  // APB_BASE_POOL_H_
