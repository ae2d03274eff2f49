// The one object of a kind that a process has, with threads of its own.
#ifndef APB_BASE_SHARED_H_
#define APB_BASE_SHARED_H_

#include <atomic>
#include <mutex>

#include "base/module.h"

namespace apb {

// Made at first use and never destroyed: its threads run until the process ends, and at no moment is it safe
// to join them. The child of a fork, which has none of the threads and maybe a locked mutex, gets a new one.
template <typename T>
T& Shared() {
  static std::atomic<T*> shared{nullptr};
  static std::once_flag prepared;
  std::call_once(prepared, [] {
    PinModule();
    OnFork([] { shared = nullptr; });
  });
  T* object = shared.load(std::memory_order_acquire);
  if (object) return *object;
  auto* const made = new T;
  if (shared.compare_exchange_strong(object, made)) return *made;
  delete made;  // another thread was faster
  return *object;
}

}  // namespace apb

#endif  // APB_BASE_SHARED_H_
