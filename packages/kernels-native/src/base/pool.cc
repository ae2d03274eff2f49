#include "base/pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

namespace apb {
namespace {

// One call of ParallelFor. All but `next` is guarded by the pool's mutex.
struct Job {
  Job(const std::function<void(std::size_t)>& task, std::size_t tasks, std::size_t places)
      : task(task), tasks(tasks), places(places) {}

  const std::function<void(std::size_t)>& task;
  const std::size_t tasks;
  std::size_t places;  // helpers that may still join
  std::size_t working = 0;
  std::exception_ptr error;
  std::atomic<std::size_t> next{0};
  std::condition_variable idle;

  bool open() const { return places > 0 && next.load(std::memory_order_relaxed) < tasks; }
};

thread_local bool inside_task = false;

class Pool {
 public:
  // Never destroyed: its threads wait until the process ends, and there is no moment at which joining them is safe.
  static Pool& Get() {
    static Pool* const pool = new Pool;
    return *pool;
  }

  void Run(Job& job) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      Grow(job.places);
      jobs_.push_back(&job);
    }
    wake_.notify_all();
    WorkOn(job);
    std::unique_lock<std::mutex> lock(mutex_);
    jobs_.erase(std::find(jobs_.begin(), jobs_.end(), &job));
    job.idle.wait(lock, [&] { return job.working == 0; });
  }

 private:
  // A machine that gives no more threads is served by those there are.
  void Grow(std::size_t count) {
    try {
      for (; threads_ < count; ++threads_) std::thread([this] { Serve(); }).detach();
    } catch (const std::system_error&) {
    }
  }

  void Serve() {
    inside_task = true;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      Job* job = nullptr;
      wake_.wait(lock, [&] { return (job = Next()) != nullptr; });
      --job->places;
      ++job->working;
      lock.unlock();
      WorkOn(*job);
      lock.lock();
      if (--job->working == 0) job->idle.notify_one();
    }
  }

  // The job that was helped longest ago; it goes to the back of the line.
  Job* Next() {
    const auto found = std::find_if(jobs_.begin(), jobs_.end(), [](const Job* job) { return job->open(); });
    if (found == jobs_.end()) return nullptr;
    Job* const job = *found;
    jobs_.erase(found);
    jobs_.push_back(job);
    return job;
  }

  void WorkOn(Job& job) {
    const bool before = inside_task;
    inside_task = true;
    for (;;) {
      const std::size_t index = job.next.fetch_add(1, std::memory_order_relaxed);
      if (index >= job.tasks) break;
      try {
        job.task(index);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!job.error) job.error = std::current_exception();
        job.next = job.tasks;
      }
    }
    inside_task = before;
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job*> jobs_;
  std::size_t threads_ = 0;
};

}  // namespace

void ParallelFor(std::size_t threads, std::size_t tasks, const std::function<void(std::size_t)>& task) {
  if (threads < 2 || tasks < 2 || inside_task) {
    for (std::size_t i = 0; i < tasks; ++i) task(i);
    return;
  }
  Job job(task, tasks, std::min(threads, tasks) - 1);
  Pool::Get().Run(job);
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace apb
