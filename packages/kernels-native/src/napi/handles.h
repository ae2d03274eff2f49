// Native objects that JavaScript holds: opaque, tagged, freed early by release() or late by the garbage
// collector.
#ifndef APB_NAPI_HANDLES_H_
#define APB_NAPI_HANDLES_H_

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_set>
#include <variant>

#include "kernels/kernels.h"
#include "ops/buffer.h"
#include "ops/runs.h"
#include "ops/weights.h"

namespace apb {

class Block;

// One backend instance: its kernels and all memory it gave out.
struct Instance {
  Kernels kernels;
  std::unordered_set<Block*> blocks;
  std::shared_ptr<Load> load;  // of all its programs
};

// A buffer, prepared weights or a program, until it is released.
class Block {
 public:
  Block(std::shared_ptr<Instance> owner, Buffer buffer);
  Block(std::shared_ptr<Instance> owner, Weights weights);
  Block(std::shared_ptr<Instance> owner, std::shared_ptr<Runs> program);
  ~Block() { owner_->blocks.erase(this); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  const Instance* owner() const { return owner_.get(); }
  // Throw std::runtime_error when released or of the other kind.
  Buffer& buffer();
  Weights& weights();
  const std::shared_ptr<Runs>& program();
  // Of a program they change while it runs.
  std::size_t bytes() const;
  // Ends the runs in flight of a program; does nothing to others.
  void Stop();
  // Frees the memory, a program's when no run is left.
  void Release() { content_ = std::monostate(); }
  // Bytes more, or fewer, than at the last call.
  std::int64_t Growth();

 private:
  std::shared_ptr<Instance> owner_;
  std::variant<std::monostate, Buffer, Weights, std::shared_ptr<Runs>> content_;
  std::size_t reported_ = 0;
};

// Handles report their memory to the JavaScript engine, so that it collects forgotten ones in time.
Napi::Value NewInstance(Napi::Env env, Kernels kernels);
Napi::Value NewBlock(Napi::Env env, std::unique_ptr<Block> block);
// Also stops the runs of a program.
void ReleaseBlock(Napi::Env env, Block& block);
// After something that may have changed its bytes.
void ReportBlock(Napi::Env env, Block& block);

// Throw Napi::TypeError for anything but such a handle.
std::shared_ptr<Instance> InstanceOf(const Napi::Value& value);
Block& BlockOf(const Napi::Value& value);
// Also throws when the block belongs to another instance.
Block& BlockOf(const Napi::Value& value, const Instance& owner);

}  // namespace apb

#endif  // APB_NAPI_HANDLES_H_
