#include "engine/graveyard.hpp"

namespace wae {

void Graveyard::born(Background* engine) {
  sweep();
  const std::lock_guard<std::mutex> lock(mutex_);
  living_.push_back(engine);
}

void Graveyard::bury(std::unique_ptr<Background> engine) {
  engine->quit();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    living_.remove(engine.get());
    dying_.push_back(std::move(engine));
  }
  sweep();
}

void Graveyard::sweep() {
  const std::lock_guard<std::mutex> lock(mutex_);
  dying_.remove_if([](const std::unique_ptr<Background>& engine) { return engine->finished(); });
}

void Graveyard::join_all() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Background* engine : living_) engine->quit();
  for (Background* engine : living_) engine->join();
  for (const auto& engine : dying_) engine->join();
}

}  // namespace wae
