// Checks of plain data that comes from the caller; each throws ContractError naming the field that is wrong.
#ifndef APB_OPS_CHECK_H_
#define APB_OPS_CHECK_H_

#include "ops/types.h"

namespace apb {

void CheckEncoding(const Encoding& encoding);
void CheckQuantizer(const Quantizer& quantizer);
void CheckGeometry(const ConvGeometry& geometry);
void CheckGeometry(const PoolGeometry& geometry);
// One finite value per channel.
void CheckChannels(const std::vector<float>& values, std::size_t channels, const std::string& what);
void CheckActivation(const Activation& activation, std::size_t channels);

}  // namespace apb

#endif  // APB_OPS_CHECK_H_
