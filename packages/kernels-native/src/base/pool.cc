#include "base/pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/shared.h"

namespace apb {
namespace {

// An idle worker looks for a new call this long before it sleeps, a caller for the end of its last tasks:
// longer than the gap between two operations of a network, no longer than waking takes (20 to 50 us).
constexpr std::chrono::microseconds kSpin(30);

// Set while this thread runs tasks, so that a call from one is a plain loop.
thread_local bool in_task = false;

// Waits for a condition without sleeping. Returns whether it came true in time.
template <typename Condition>
bool Spin(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    if (condition()) return true;
    std::this_thread::yield();  // where threads are more than processors, to one that has work
  } while (std::chrono::steady_clock::now() < end);
  return condition();
}

// One call, on its caller's stack.
struct Call {
  Call(std::size_t threads, std::size_t tasks, void (*call)(void*, std::size_t), void* task)
      : call(call), task(task), tasks(tasks), room(threads - 1) {}

  void (*const call)(void*, std::size_t);
  void* const task;
  const std::size_t tasks;
  std::size_t room;  // workers that may still join; the pool's mutex guards this and all up to `done`
  Call* next = nullptr;
  bool sleeping = false;     // the caller, until no worker is left
  std::exception_ptr error;  // the first one
  std::condition_variable done;
  std::atomic<std::size_t> helpers{0};  // workers on it; the pool's mutex guards changes
  std::atomic<std::size_t> taken{0};    // tasks handed out

  bool exhausted() const { return taken.load(std::memory_order_relaxed) >= tasks; }
};

class Pool {
 public:
  void Run(std::size_t threads, Call& call);

 private:
  void Post(std::size_t threads, Call& call);
  void Hire(std::size_t workers);
  void Finish(Call& call);
  void Work();
  Call* Join(bool sleep, std::uint64_t& posts);
  void Leave(Call& call);
  template <typename Interrupted>
  void Serve(Call& call, Interrupted interrupted);

  std::mutex mutex_;
  std::condition_variable posted_;
  std::atomic<std::uint64_t> posts_{0};  // calls so far; the mutex guards changes
  Call* calls_ = nullptr;                // that workers may join, newest first
  std::size_t workers_ = 0;
  std::size_t spinning_ = 0;  // workers that will look at calls_ before they sleep
  std::size_t asleep_ = 0;
};

void Pool::Run(std::size_t threads, Call& call) {
  Post(threads, call);
  in_task = true;
  Serve(call, [] { return false; });
  in_task = false;
  Finish(call);
}

void Pool::Post(std::size_t threads, Call& call) {
  std::size_t wake = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (workers_ + 1 < threads) Hire(threads - 1);
    call.next = calls_;
    calls_ = &call;
    posts_.store(posts_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    std::size_t wanted = 0;
    for (const Call* open = calls_; open; open = open->next) wanted += open->exhausted() ? 0 : open->room;
    if (wanted > spinning_) wake = std::min({wanted - spinning_, call.room, asleep_});
  }
  for (; wake > 0; --wake) posted_.notify_one();
}

// Where the system gives no more threads, those there are do the work. They end with the process.
void Pool::Hire(std::size_t workers) {
  try {
    for (; workers_ < workers; ++workers_) std::thread([this] { Work(); }).detach();
  } catch (const std::system_error&) {
  }
}

void Pool::Finish(Call& call) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    Call** at = &calls_;
    while (*at != &call) at = &(*at)->next;
    *at = call.next;
  }
  // Nobody joins any more.
  const auto alone = [&] { return call.helpers.load(std::memory_order_acquire) == 0; };
  if (Spin(alone)) return;
  std::unique_lock<std::mutex> lock(mutex_);
  call.sleeping = true;
  call.done.wait(lock, alone);
}

// Runs tasks until none is left or there is something better to do.
template <typename Interrupted>
void Pool::Serve(Call& call, Interrupted interrupted) {
  try {
    while (!interrupted()) {
      const std::size_t i = call.taken.fetch_add(1, std::memory_order_relaxed);
      if (i >= call.tasks) return;
      call.call(call.task, i);
    }
  } catch (...) {
    call.taken.store(call.tasks, std::memory_order_relaxed);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!call.error) call.error = std::current_exception();
  }
}

void Pool::Work() {
  in_task = true;
  std::uint64_t seen = 0;
  // A newer call may be without workers: after every task, look whether there is one.
  const auto changed = [&] { return posts_.load(std::memory_order_acquire) != seen; };
  for (;;) {
    Call* call = Join(false, seen);
    if (!call) {
      Spin(changed);
      call = Join(true, seen);
    }
    Serve(*call, changed);
    Leave(*call);
  }
}

// The call with the fewest workers, of equal ones the newest: long calls leave short ones room. Without any,
// null and a promise to come back with `sleep`, which waits for one. Sets `posts` to the calls that this
// choice knows.
Call* Pool::Join(bool sleep, std::uint64_t& posts) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (sleep) --spinning_;
  for (;;) {
    posts = posts_.load(std::memory_order_relaxed);
    Call* best = nullptr;
    for (Call* call = calls_; call; call = call->next)
      if (call->room > 0 && !call->exhausted() && (!best || call->helpers < best->helpers)) best = call;
    if (best) {
      --best->room;
      ++best->helpers;
      return best;
    }
    if (!sleep) {
      ++spinning_;
      return nullptr;
    }
    ++asleep_;
    posted_.wait(lock);
    --asleep_;
  }
}

void Pool::Leave(Call& call) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++call.room;
  // A caller that does not sleep may return, and end the call, as soon as nobody is left.
  const bool sleeping = call.sleeping;
  if (--call.helpers == 0 && sleeping) call.done.notify_one();
}

}  // namespace

namespace internal {

void RunShared(std::size_t threads, std::size_t tasks, void (*call)(void* task, std::size_t i), void* task) {
  if (in_task) {
    for (std::size_t i = 0; i < tasks; ++i) call(task, i);
    return;
  }
  threads = std::min({threads, tasks, kMostThreads});
  Call shared_call(threads, tasks, call, task);
  Shared<Pool>().Run(threads, shared_call);
  if (shared_call.error) std::rethrow_exception(shared_call.error);
}

}  // namespace internal
}  // namespace apb
