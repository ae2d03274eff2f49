// Promises of runs that other threads carry out: made, settled and forgotten on JavaScript's thread alone.
#ifndef APB_NAPI_PENDING_H_
#define APB_NAPI_PENDING_H_

#include <napi.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "ops/runs.h"

namespace apb {

// All runs in flight of one environment: the main thread or a worker_thread. When the environment ends, they
// are stopped and their ends no longer reported. As long as there are any, the environment's event loop goes
// on.
class Pending : public std::enable_shared_from_this<Pending> {
 public:
  // The environment's only one, made at first use.
  static std::shared_ptr<Pending> Of(Napi::Env env);

  struct Started {
    std::uint32_t id = 0;
    napi_value promise = nullptr;  // null when nothing was started
  };
  // `start` is given what to call, on any thread, when the run has ended; null when it started none. The
  // promise is resolved with the output, with undefined after a stop, or rejected with the error.
  Started Add(Napi::Env env, const std::function<std::shared_ptr<Job>(std::function<void()> done)>& start);
  // Does nothing when the run has ended.
  void Stop(std::uint32_t id);

 private:
  struct Entry {
    std::shared_ptr<Job> run;
    Napi::Promise::Deferred deferred;
  };

  void Open(Napi::Env env);
  void Report(std::uint32_t id);
  void Settle(Napi::Env env, std::uint32_t id);
  static void Close(void* self);
  static void Call(napi_env env, napi_value, void* self, void* id);

  std::unordered_map<std::uint32_t, Entry> entries_;  // JavaScript's thread only
  std::uint32_t last_ = 0;
  std::mutex mutex_;                            // guards the rest
  napi_threadsafe_function reports_ = nullptr;  // null when the environment ends
};

}  // namespace apb

#endif  // APB_NAPI_PENDING_H_
