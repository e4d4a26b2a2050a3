#include "engine/deferred_cleanup.hpp"

namespace wae {

void DeferredCleanup::add(Background* engine) {
  sweep();
  const std::lock_guard<std::mutex> lock(mutex_);
  active_.push_back(engine);
}

void DeferredCleanup::retire(std::unique_ptr<Background> engine) {
  engine->quit();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    active_.remove(engine.get());
    retired_.push_back(std::move(engine));
  }
  sweep();
}

void DeferredCleanup::sweep() {
  const std::lock_guard<std::mutex> lock(mutex_);
  retired_.remove_if([](const std::unique_ptr<Background>& engine) { return engine->finished(); });
}

void DeferredCleanup::join_all() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Background* engine : active_) engine->quit();
  for (Background* engine : active_) engine->join();
  for (const auto& engine : retired_) engine->join();
}

}  // namespace wae
