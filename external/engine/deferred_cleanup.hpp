// Engines whose objects are gone, and the end of the process.
//
// Joining a worker may take as long as a load, which the audio thread cannot wait for: the engine of a deleted
// object is retired here, and deleted once its worker has ended. At exit Pure Data frees no object, so that workers
// would still run while libtorch is taken apart: join_all() waits for every one, and is registered with
// atexit().
#pragma once

#include <list>
#include <memory>
#include <mutex>

#include "engine/background.hpp"

namespace wae {

class DeferredCleanup {
 public:
  void add(Background* engine);
  void retire(std::unique_ptr<Background> engine);  // returns at once
  void sweep();                                 // deletes what has ended
  void join_all();                              // may be called again

 private:
  std::mutex mutex_;
  std::list<Background*> active_;
  std::list<std::unique_ptr<Background>> retired_;
};

}  // namespace wae
