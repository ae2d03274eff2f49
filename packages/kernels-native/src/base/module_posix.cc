#include <dlfcn.h>
#include <pthread.h>

#include "base/module.h"

namespace apb {

void PinModule() {
  Dl_info info;
  // Never closed: the reference is what pins it. Fails for a program, which is not unloaded either.
  if (dladdr(reinterpret_cast<void*>(&PinModule), &info) && info.dli_fname)
    dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

void OnFork(void (*handler)()) { pthread_atfork(nullptr, nullptr, handler); }

}  // namespace apb
