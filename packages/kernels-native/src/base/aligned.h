// Arrays aligned to a cache line, which is also the widest vector (64 bytes).
#ifndef APB_BASE_ALIGNED_H_
#define APB_BASE_ALIGNED_H_

#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

namespace apb {

constexpr std::size_t kAlignment = 64;

struct Heap {
  static void* Take(std::size_t bytes) { return ::operator new(bytes, std::align_val_t(kAlignment)); }
  static void Give(void* block, std::size_t) { ::operator delete(block, std::align_val_t(kAlignment)); }
};

// A fixed-size array of plain values, uninitialised unless said otherwise.
template <typename T, typename Memory = Heap>
class AlignedArray {
 public:
  AlignedArray() = default;
  // The other one is empty afterwards.
  AlignedArray(AlignedArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  AlignedArray& operator=(AlignedArray&& other) noexcept {
    AlignedArray old(std::move(*this));
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  ~AlignedArray() {
    if (data_) Memory::Give(data_, bytes());
  }
  // Throws std::bad_alloc when there is no memory, also when the size in bytes overflows.
  explicit AlignedArray(std::size_t size) : size_(size) {
    if (size > (static_cast<std::size_t>(-1) >> 1) / sizeof(T)) throw std::bad_alloc();
    data_ = static_cast<T*>(Memory::Take(size * sizeof(T)));
  }
  static AlignedArray Zeros(std::size_t size) {
    AlignedArray array(size);
    if (size > 0) std::memset(array.data(), 0, array.bytes());
    return array;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * sizeof(T); }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace apb

#endif  // APB_BASE_ALIGNED_H_
