#include "napi/handles.h"

#include <stdexcept>
#include <utility>

namespace apb {
namespace {

constexpr napi_type_tag kInstanceTag = {0x6170622d696e7374, 0x8f0c1f4b6a2d47e3};
constexpr napi_type_tag kBlockTag = {0x6170622d626c6f63, 0xb54e9d1137c8402a};

template <typename T>
T* Unwrap(const Napi::Value& value, const napi_type_tag& tag, const char* what) {
  if (value.IsExternal()) {
    const auto external = value.As<Napi::External<T>>();
    if (external.CheckTypeTag(&tag)) return external.Data();
  }
  throw Napi::TypeError::New(value.Env(), std::string("this is not ") + what + " of the native backend");
}

}  // namespace

Block::Block(std::shared_ptr<Instance> owner, Buffer buffer) : owner_(std::move(owner)), content_(std::move(buffer)) {
  owner_->blocks.insert(this);
}

Block::Block(std::shared_ptr<Instance> owner, Weights weights)
    : owner_(std::move(owner)), content_(std::move(weights)) {
  owner_->blocks.insert(this);
}

Block::Block(std::shared_ptr<Instance> owner, std::shared_ptr<Runs> program)
    : owner_(std::move(owner)), content_(std::move(program)) {
  owner_->blocks.insert(this);
}

Buffer& Block::buffer() {
  if (auto* buffer = std::get_if<Buffer>(&content_)) return *buffer;
  throw std::runtime_error("this buffer has been disposed");
}

Weights& Block::weights() {
  if (auto* weights = std::get_if<Weights>(&content_)) return *weights;
  throw std::runtime_error("these prepared weights have been disposed");
}

const std::shared_ptr<Runs>& Block::program() {
  if (auto* program = std::get_if<std::shared_ptr<Runs>>(&content_)) return *program;
  throw std::runtime_error("this program has been disposed");
}

std::size_t Block::bytes() const {
  if (auto* buffer = std::get_if<Buffer>(&content_)) return buffer->bytes();
  if (auto* weights = std::get_if<Weights>(&content_)) return weights->bytes();
  if (auto* program = std::get_if<std::shared_ptr<Runs>>(&content_)) return (*program)->bytes();
  return 0;
}

void Block::Stop() {
  if (auto* program = std::get_if<std::shared_ptr<Runs>>(&content_)) (*program)->Stop();
}

std::int64_t Block::Growth() {
  const auto now = static_cast<std::int64_t>(bytes());
  return now - static_cast<std::int64_t>(std::exchange(reported_, static_cast<std::size_t>(now)));
}

Napi::Value NewInstance(Napi::Env env, Kernels kernels) {
  auto instance = std::make_unique<std::shared_ptr<Instance>>(
      std::make_shared<Instance>(Instance{kernels, {}, std::make_shared<Load>()}));
  const auto external = Napi::External<std::shared_ptr<Instance>>::New(
      env, instance.get(), [](Napi::Env, std::shared_ptr<Instance>* p) { delete p; });
  instance.release();
  external.TypeTag(&kInstanceTag);
  return external;
}

Napi::Value NewBlock(Napi::Env env, std::unique_ptr<Block> block) {
  const auto external = Napi::External<Block>::New(env, block.get(), [](Napi::Env env, Block* p) {
    // The runs of a program that only the collector ends are somebody's promises still.
    p->Release();
    ReportBlock(env, *p);
    delete p;
  });
  ReportBlock(env, *block.release());
  external.TypeTag(&kBlockTag);
  return external;
}

void ReleaseBlock(Napi::Env env, Block& block) {
  block.Stop();
  block.Release();
  ReportBlock(env, block);
}

void ReportBlock(Napi::Env env, Block& block) {
  const std::int64_t growth = block.Growth();
  if (growth != 0) Napi::MemoryManagement::AdjustExternalMemory(env, growth);
}

std::shared_ptr<Instance> InstanceOf(const Napi::Value& value) {
  return *Unwrap<std::shared_ptr<Instance>>(value, kInstanceTag, "an instance");
}

Block& BlockOf(const Napi::Value& value) { return *Unwrap<Block>(value, kBlockTag, "a buffer or weights"); }

Block& BlockOf(const Napi::Value& value, const Instance& owner) {
  Block& block = BlockOf(value);
  if (block.owner() != &owner) throw std::runtime_error("this buffer or these weights belong to another backend");
  return block;
}

}  // namespace apb
