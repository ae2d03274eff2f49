// Native objects that JavaScript holds: opaque, tagged, freed early by release() or late by the garbage
// collector.
#ifndef APB_NAPI_HANDLES_H_
#define APB_NAPI_HANDLES_H_

#include <napi.h>

#include <memory>
#include <unordered_set>
#include <variant>

#include "kernels/kernels.h"
#include "ops/buffer.h"
#include "ops/weights.h"

namespace apb {

class Block;

// One backend instance: its kernels and all memory it gave out.
struct Instance {
  Kernels kernels;
  std::unordered_set<Block*> blocks;
};

// A buffer or prepared weights, until it is released.
class Block {
 public:
  Block(std::shared_ptr<Instance> owner, Buffer buffer);
  Block(std::shared_ptr<Instance> owner, Weights weights);
  ~Block() { owner_->blocks.erase(this); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  const Instance* owner() const { return owner_.get(); }
  // Throw std::runtime_error when released or of the other kind.
  Buffer& buffer();
  Weights& weights();
  std::size_t bytes() const { return bytes_; }
  // Frees the memory. Returns how much it was, 0 the second time.
  std::size_t Release();

 private:
  std::shared_ptr<Instance> owner_;
  std::variant<std::monostate, Buffer, Weights> content_;
  std::size_t bytes_;
};

// Handles report their memory to the JavaScript engine, so that it collects forgotten ones in time.
Napi::Value NewInstance(Napi::Env env, Kernels kernels);
Napi::Value NewBlock(Napi::Env env, std::unique_ptr<Block> block);
void ReleaseBlock(Napi::Env env, Block& block);

// Throw Napi::TypeError for anything but such a handle.
std::shared_ptr<Instance> InstanceOf(const Napi::Value& value);
Block& BlockOf(const Napi::Value& value);
// Also throws when the block belongs to another instance.
Block& BlockOf(const Napi::Value& value, const Instance& owner);

}  // namespace apb

#endif  // APB_NAPI_HANDLES_H_
