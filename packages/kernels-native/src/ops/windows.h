// Windows that layers come back for.
#ifndef APB_OPS_WINDOWS_H_
#define APB_OPS_WINDOWS_H_

#include <memory>
#include <mutex>

#include "ops/types.h"
#include "ops/window.h"

namespace apb {

// The window that was asked for last, for nearly all layers the only one there is. Any thread may ask.
class Windows {
 public:
  // Throws ContractError as MakeWindow does.
  std::shared_ptr<const Window> Find(const Shape& input, const ConvGeometry& geometry);

 private:
  std::mutex mutex_;
  Shape shape_;                         // guarded by the mutex
  std::shared_ptr<const Window> last_;  // the same
};

}  // namespace apb

#endif  // APB_OPS_WINDOWS_H_
