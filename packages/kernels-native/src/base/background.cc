#include "base/background.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/pool.h"
#include "base/shared.h"

namespace apb {
namespace {

constexpr std::chrono::seconds kPatience(5);

class Background {
 public:
  void Post(std::function<void()> job);

 private:
  void Hire();
  void Work();

  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<std::function<void()>> jobs_;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;  // waiting for a job
};

void Background::Post(std::function<void()> job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (jobs_.size() >= idle_ && threads_ < kMostThreads) Hire();
    jobs_.push_back(std::move(job));
  }
  posted_.notify_one();
}

// Where the system gives no more threads, those there are take the job in turn.
void Background::Hire() {
  try {
    std::thread([this] { Work(); }).detach();
    ++threads_;
  } catch (const std::system_error&) {
    if (threads_ == 0) throw;
  }
}

void Background::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    ++idle_;
    const bool found = posted_.wait_for(lock, kPatience, [this] { return !jobs_.empty(); });
    --idle_;
    if (!found) break;
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // what it holds may take a while to end
    lock.lock();
  }
  --threads_;
}

}  // namespace

void RunInBackground(std::function<void()> job) { Shared<Background>().Post(std::move(job)); }

}  // namespace apb
