// What the worker needs of the operating system.
#pragma once

#ifdef __APPLE__
#include <dispatch/dispatch.h>
#elif !defined(_WIN32)
#include <semaphore.h>
#endif

namespace wae {

// Wakes the worker. post() takes no lock: a condition variable's mutex, held by a worker that has just been
// preempted, would stop the audio thread.
class Semaphore {
 public:
  Semaphore();
  ~Semaphore();
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  void post();
  void wait();

 private:
#ifdef __APPLE__
  dispatch_semaphore_t semaphore_;
#elif defined(_WIN32)
  void* semaphore_;
#else
  sem_t semaphore_;
#endif
};

// The calling thread gives way to audio: it inherits real-time scheduling from Pure Data, which must not keep
// it, and denormal numbers, a hundred times slower, become zero.
void calm_this_thread();

bool is_main_thread();

void sleep_microseconds(int microseconds);

}  // namespace wae
