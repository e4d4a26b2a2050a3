// What all objects of a Pd process share: loaded models, engines of deleted objects, and the end.
#include <cstdlib>

#include "engine/cache.hpp"
#include "engine/deferred_cleanup.hpp"
#include "engine/thread.hpp"
#include "pd/object.hpp"
#include "torch/torch_model.hpp"

namespace wae {
namespace {

// Never deleted: at exit, the order in which statics die is not ours to choose.
DeferredCleanup& cleanup() {
  static auto* made = new DeferredCleanup;
  return *made;
}

void join_all() { cleanup().join_all(); }

// Loading may create statics of libtorch that die before an older handler runs; a new handler runs before
// they do.
std::shared_ptr<const Model> load(const std::string& path) {
  auto model = load_torch_model(path);
  std::atexit(join_all);
  return model;
}

// exit() destroys the calling thread's own objects before any static dies, whenever that static was made: the
// standard promises this order, while an atexit() handler runs too late for statics that a first load is
// creating just then (half of the quits in mid-load crashed). Only for the main thread, which ends with the
// process; for a host that keeps Pd in another one, atexit() has to do.
struct LastAct {
  bool armed = false;
  ~LastAct() {
    if (armed) join_all();
  }
};

void arm_last_act() {
  thread_local LastAct act;
  act.armed = is_main_thread();
}

ModelCache& cache() {
  static auto* made = new ModelCache(load);
  return *made;
}

}  // namespace

void wake_shared() {
  static bool awake = false;
  if (awake) return;
  awake = true;
  wake_torch();
  cache();
  cleanup();
  std::atexit(join_all);
  arm_last_act();
}

std::unique_ptr<Engine> make_engine(int voices) {
  auto engine = std::make_unique<Engine>([](const std::string& path) { return cache().get(path); }, voices);
  cleanup().add(engine.get());
  return engine;
}

std::unique_ptr<PatternEngine> make_pattern_engine() {
  auto engine = std::make_unique<PatternEngine>([](const std::string& path) {
    auto pattern = load_torch_pattern(path);
    std::atexit(join_all);  // as above
    return pattern;
  });
  cleanup().add(engine.get());
  return engine;
}

void retire_engine(std::unique_ptr<Background> engine) { cleanup().retire(std::move(engine)); }

}  // namespace wae
