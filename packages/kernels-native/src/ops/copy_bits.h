// Moves runs of bits between positions that are not word-aligned.
#ifndef APB_OPS_COPY_BITS_H_
#define APB_OPS_COPY_BITS_H_

#include <cstddef>
#include <cstdint>

namespace apb {

// ORs bits [from, from + count) of src into dst at [to, to + count); the target bits must be zero before.
// Reads and writes only words that hold one of these bits.
void CopyBits(const std::uint64_t* src, std::size_t from, std::uint64_t* dst, std::size_t to, std::size_t count);

}  // namespace apb

#endif  // APB_OPS_COPY_BITS_H_
