// The library's exceptions as JavaScript's.
#ifndef APB_NAPI_ERRORS_H_
#define APB_NAPI_ERRORS_H_

#include <napi.h>

#include <exception>

namespace apb {

// RangeError for a broken contract and for missing memory, Error for the rest; a Napi::Error as it is.
Napi::Error ErrorOf(Napi::Env env, const std::exception_ptr& exception);

}  // namespace apb

#endif  // APB_NAPI_ERRORS_H_
