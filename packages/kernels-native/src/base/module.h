// What threads of a loadable module need of the operating system.
#ifndef APB_BASE_MODULE_H_
#define APB_BASE_MODULE_H_

namespace apb {

// Keeps this code in memory until the process ends, though whoever loaded it may unload it: Node does when
// the last worker_thread that used an addon ends, and a thread must not lose the code it runs.
void PinModule();

// Calls `handler` in every child process that is forked from now on; threads are not copied into it.
void OnFork(void (*handler)());

}  // namespace apb

#endif  // APB_BASE_MODULE_H_
