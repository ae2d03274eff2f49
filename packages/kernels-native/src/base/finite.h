#ifndef APB_BASE_FINITE_H_
#define APB_BASE_FINITE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace apb {

// Whether all values are finite. Looks at exponents as integers, which compilers do in vectors.
inline bool AllFinite(const float* values, std::size_t size) {
  constexpr std::uint32_t kExponent = 0x7f800000;
  std::uint32_t infinite = 0;
  for (std::size_t i = 0; i < size; ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    infinite |= (bits & kExponent) == kExponent ? 1 : 0;
  }
  return infinite == 0;
}

// The same of values that it copies.
inline bool CopyFinite(const float* from, float* to, std::size_t size) {
  constexpr std::uint32_t kExponent = 0x7f800000;
  std::uint32_t infinite = 0;
  for (std::size_t i = 0; i < size; ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, from + i, sizeof bits);
    std::memcpy(to + i, &bits, sizeof bits);
    infinite |= (bits & kExponent) == kExponent ? 1 : 0;
  }
  return infinite == 0;
}

}  // namespace apb

#endif  // APB_BASE_FINITE_H_
