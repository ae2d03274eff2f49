#ifndef APB_NAPI_BENCH_H_
#define APB_NAPI_BENCH_H_

#include <napi.h>

namespace apb {

// bench(instance, what, a, b, m, k, n, milliseconds, shares): a number for "ceiling" (a: 0 xor, 1 and), else
// { variant, us, packUs }[]. what: "ceiling", "bits" (a weight, b activation bits), "wide" (b), "sparse" (shares),
// "convolution" (b), "quantize" (n floats). Takes about `milliseconds` per contender on the calling thread.
Napi::Value Bench(const Napi::CallbackInfo& args);

}  // namespace apb

#endif  // APB_NAPI_BENCH_H_
