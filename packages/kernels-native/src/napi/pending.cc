#include "napi/pending.h"

#include <cstring>
#include <utility>

#include "napi/errors.h"

namespace apb {
namespace {

using Ref = std::shared_ptr<Pending>;

Napi::Value OutputOf(Napi::Env env, const Job& run) {
  if (run.stopped()) return env.Undefined();
  auto array = Napi::Float32Array::New(env, run.output().size());
  if (run.output().size() > 0) std::memcpy(array.Data(), run.output().data(), run.output().bytes());
  return array;
}

}  // namespace

std::shared_ptr<Pending> Pending::Of(Napi::Env env) {
  if (const Ref* known = env.GetInstanceData<Ref>()) return *known;
  auto made = std::make_unique<Ref>(std::make_shared<Pending>());
  (*made)->Open(env);
  const Ref pending = *made;
  env.SetInstanceData(made.release());
  return pending;
}

void Pending::Open(Napi::Env env) {
  const Napi::String name = Napi::String::New(env, "apb runs");
  napi_status status =
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, Call, &reports_);
  if (status == napi_ok) status = napi_unref_threadsafe_function(env, reports_);
  // Hooks run in reverse order: this one before the function's own, after which it must not be called.
  if (status == napi_ok) status = napi_add_env_cleanup_hook(env, Close, new Ref(shared_from_this()));
  if (status != napi_ok) throw Napi::Error::New(env, "runs cannot be reported to this environment");
}

Pending::Started Pending::Add(Napi::Env env,
                              const std::function<std::shared_ptr<Job>(std::function<void()> done)>& start) {
  const std::uint32_t id = ++last_;
  const std::shared_ptr<Job> run = start([self = shared_from_this(), id] { self->Report(id); });
  if (!run) return {};
  // Ended or not, the report comes in a turn of the event loop after this one.
  const auto deferred = Napi::Promise::Deferred::New(env);
  if (entries_.empty()) napi_ref_threadsafe_function(env, reports_);
  entries_.emplace(id, Entry{run, deferred});
  return {id, deferred.Promise()};
}

void Pending::Stop(std::uint32_t id) {
  const auto found = entries_.find(id);
  if (found != entries_.end()) found->second.run->Stop();
}

// On any thread.
void Pending::Report(std::uint32_t id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!reports_) return;
  void* const data = reinterpret_cast<void*>(static_cast<std::uintptr_t>(id));
  napi_call_threadsafe_function(reports_, data, napi_tsfn_nonblocking);
}

void Pending::Call(napi_env env, napi_value, void* self, void* id) {
  if (!env) return;  // it ends
  // Where the environment is being ended, JavaScript's functions fail and nobody waits for the promise.
  try {
    static_cast<Pending*>(self)->Settle(env, static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(id)));
  } catch (...) {
  }
}

void Pending::Settle(Napi::Env env, std::uint32_t id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  const Entry entry = std::move(found->second);
  entries_.erase(found);
  if (entries_.empty()) napi_unref_threadsafe_function(env, reports_);
  if (const std::exception_ptr& error = entry.run->error()) return entry.deferred.Reject(ErrorOf(env, error).Value());
  try {
    entry.deferred.Resolve(OutputOf(env, *entry.run));
  } catch (const Napi::Error& error) {
    entry.deferred.Reject(error.Value());  // no memory for the output
  }
}

// The environment ends.
void Pending::Close(void* data) {
  const std::unique_ptr<Ref> self(static_cast<Ref*>(data));
  for (auto& [id, entry] : (*self)->entries_) entry.run->Stop();
  (*self)->entries_.clear();
  const std::lock_guard<std::mutex> lock((*self)->mutex_);
  (*self)->reports_ = nullptr;
}

}  // namespace apb
