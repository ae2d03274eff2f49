#include "base/scratch.h"

namespace apb {
namespace {

// GCC's way to tell, and Clang's.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define APB_SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define APB_SANITIZED
#endif

#if defined(APB_SANITIZED)
constexpr bool kKeeps = false;  // the sanitizer is to see the end of every array
#else
constexpr bool kKeeps = true;
#endif

constexpr std::size_t kSmallest = std::size_t{1} << 12;
constexpr std::size_t kSizes = 9;  // powers of two from the smallest
constexpr std::size_t kEach = 4;
// Blocks at distances of powers of two would share sets of the caches.
constexpr std::size_t kApart = 13 * kAlignment;

// Of the smallest size that fits; kSizes where none does.
std::size_t SizeFor(std::size_t bytes) {
  std::size_t size = 0;
  while (size < kSizes && kSmallest << size < bytes) ++size;
  return kKeeps ? size : kSizes;
}

struct Kept {
  struct Blocks {
    void* blocks[kEach];
    std::size_t count;
  };
  Blocks sizes[kSizes] = {};

  ~Kept() {
    for (Blocks& size : sizes)
      while (size.count > 0) Heap::Give(size.blocks[--size.count], 0);
  }
};

thread_local Kept kept;

}  // namespace

void* Scratch::Take(std::size_t bytes) {
  const std::size_t size = SizeFor(bytes);
  if (size == kSizes) return Heap::Take(bytes);
  Kept::Blocks& of_size = kept.sizes[size];
  return of_size.count > 0 ? of_size.blocks[--of_size.count] : Heap::Take((kSmallest << size) + kApart);
}

void Scratch::Give(void* block, std::size_t bytes) {
  const std::size_t size = SizeFor(bytes);
  if (size < kSizes && kept.sizes[size].count < kEach)
    kept.sizes[size].blocks[kept.sizes[size].count++] = block;
  else
    Heap::Give(block, bytes);
}

}  // namespace apb
