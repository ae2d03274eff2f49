// Threads shared by all instances of a process.
#ifndef APB_BASE_POOL_H_
#define APB_BASE_POOL_H_

#include <cstddef>
#include <functional>

namespace apb {

// Runs task(0) .. task(tasks - 1), each once, on at most `threads` threads, the caller's among them; returns when all
// are done. Tasks are handed out as threads come free. Calls from within a task run one after another. Any number of
// callers at once share the threads; a call never waits for a thread to come free, the caller does the work meanwhile.
// The first exception of a task is thrown here after the others have ended. One thread or one task cost nothing more
// than a loop.
void ParallelFor(std::size_t threads, std::size_t tasks, const std::function<void(std::size_t)>& task);

}  // namespace apb

#endif  // APB_BASE_POOL_H_
