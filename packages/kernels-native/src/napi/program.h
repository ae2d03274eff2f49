// Whole networks: compiled once, run off the event loop.
#ifndef APB_NAPI_PROGRAM_H_
#define APB_NAPI_PROGRAM_H_

#include <napi.h>

namespace apb {

// compile(instance, plan, weights blocks): Block. Takes the weights out of their blocks, which are released
// by that.
Napi::Value Compile(const Napi::CallbackInfo& args);

// arenaBytes(program, batch): number
Napi::Value ArenaBytes(const Napi::CallbackInfo& args);

// start(program, batch, Float32Array): { id, promise } of a Float32Array, or of undefined after a stop;
// undefined when a value is not finite.
Napi::Value Start(const Napi::CallbackInfo& args);

// stop(id): ends a run before its next step.
Napi::Value Stop(const Napi::CallbackInfo& args);

// profile(program): { runs, us }[]
Napi::Value Profile(const Napi::CallbackInfo& args);

}  // namespace apb

#endif  // APB_NAPI_PROGRAM_H_
