// Threads for long jobs that wait, such as the runs of a network, whose parallel parts the pool does
// (base/pool.h): neither the pool's workers nor the threads that Node keeps for files and names are held up
// by them.
#ifndef APB_BASE_BACKGROUND_H_
#define APB_BASE_BACKGROUND_H_

#include <functional>

namespace apb {

// Runs a job soon on a thread that is not the caller's. Jobs start in the order of the calls, each at once as
// long as fewer than kMostThreads are at work. Threads are shared by the process; one that found nothing to
// do for some seconds ends. A job must not throw. Throws std::system_error when the system gives no thread at
// all.
void RunInBackground(std::function<void()> job);

}  // namespace apb

#endif  // APB_BASE_BACKGROUND_H_
