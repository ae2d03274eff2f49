#include "base/background.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/pool.h"
#include "test/check.h"

namespace apb {
namespace test {
namespace {

// Waits until so many have come.
class Gate {
 public:
  void Come() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  void WaitFor(std::size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
};

TEST(BackgroundRunsEveryJobOnAnotherThread) {
  Gate gate;
  std::atomic<int> here{0};
  const std::thread::id caller = std::this_thread::get_id();
  for (int i = 0; i < 1000; ++i)
    RunInBackground([&] {
      here += std::this_thread::get_id() == caller;
      gate.Come();
    });
  gate.WaitFor(1000);
  CHECK(here == 0, std::to_string(here));
}

TEST(BackgroundJobsThatWaitDoNotHoldUpOthers) {
  Gate held, over;
  for (int i = 0; i < 20; ++i)
    RunInBackground([&] {
      held.WaitFor(1);
      over.Come();
    });
  RunInBackground([&] { held.Come(); });
  over.WaitFor(20);
}

TEST(BackgroundJobsUseThePool) {
  Gate gate;
  std::atomic<int> total{0};
  for (int i = 0; i < 10; ++i)
    RunInBackground([&] {
      for (int call = 0; call < 100; ++call) ParallelFor(3, 7, [&](std::size_t) { ++total; });
      gate.Come();
    });
  gate.WaitFor(10);
  CHECK(total == 7000, std::to_string(total));
}

}  // namespace
}  // namespace test
}  // namespace apb
