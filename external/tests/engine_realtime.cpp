// perform() allocates nothing, frees nothing, takes no lock and makes no system call: engine_realtime
// [BLOCKS]
//
// The allocator's and the locks' functions are replaced by ones that count when they are called inside
// perform(). System calls are trapped by the kernel itself (syscall user dispatch, Linux 5.11), which nothing
// can get around.
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "tests/check.hpp"
#include "tests/fake_model.hpp"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#endif

namespace {

thread_local volatile bool inside = false;  // this thread is in perform()
volatile char selector = 0;                 // 1: the kernel traps this thread's system calls
volatile sig_atomic_t allocations = 0, locks = 0, calls = 0;

template <class Function>
Function original(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

void on_trap(int) {
  selector = 0;  // or the return from this handler would be trapped
  calls = calls + 1;
}

bool trap_system_calls() {
  struct sigaction action{};
  action.sa_handler = on_trap;
  sigaction(SIGSYS, &action, nullptr);
  return prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector) == 0;
}

template <class Call>
void watched(Call call) {
  inside = true;
  selector = 1;
  call();
  selector = 0;
  inside = false;
}

}  // namespace

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void __libc_free(void*);

void* malloc(size_t size) {
  if (inside) allocations = allocations + 1;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  if (inside) allocations = allocations + 1;
  return __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  if (inside) allocations = allocations + 1;
  return __libc_realloc(old, size);
}
void free(void* old) {
  if (inside) allocations = allocations + 1;
  __libc_free(old);
}
int pthread_mutex_lock(pthread_mutex_t* mutex) {
  static const auto lock = original<int (*)(pthread_mutex_t*)>("pthread_mutex_lock");
  if (inside) locks = locks + 1;
  return lock(mutex);
}
int sem_post(sem_t* semaphore) {
  static const auto post = original<int (*)(sem_t*)>("sem_post");
  if (inside) locks = locks + 1;
  return post(semaphore);
}
int sem_wait(sem_t* semaphore) {
  static const auto wait = original<int (*)(sem_t*)>("sem_wait");
  if (inside) locks = locks + 1;
  return wait(semaphore);
}
}

namespace {

bool trapped = false;
long blocks = 100000;

// Planted offences: a check that cannot fail shows nothing.
void each_offence_would_be_caught() {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
  void* volatile memory = nullptr;
  watched([&] { memory = malloc(100); });
  watched([&] { free(memory); });
  watched([&] { pthread_mutex_lock(&mutex); });
  watched([&] { syscall(SYS_getpid); });
  CHECK_EQUAL(allocations, 2);
  CHECK_EQUAL(locks, 1);
  CHECK_EQUAL(calls, trapped ? 1 : 0);
  allocations = locks = calls = 0;
}

// Loads take 2 ms here and come every 2,000 blocks, notes every 20, so that perform meets every state of a
// voice.
void perform_offends_in_no_block() {
  fake::Options options;
  options.samples = 4000;
  options.chunk = 500;
  options.rate = 48000;
  const auto load = fake::loader(options);
  wae::Engine engine(
      [load](const std::string& path) {
        wae::sleep_microseconds(2000);
        return load(path);
      },
      16);
  engine.load("good");
  std::vector<float> out(64);
  double sum = 0;
  for (long block = 0; block < blocks; ++block) {
    if (block % 20 == 0) engine.play(fake::note(1), block % 64);
    if (block % 130 == 0) engine.stop(static_cast<int>(block / 25));
    if (block % 2000 == 0) engine.load("good");
    if (block % 3100 == 0) engine.set_gain(0.5 + block % 2);
    if (block % 4700 == 0) engine.panic();
    if (block % 7 == 0)
      for (wae::Report report; engine.next(report);) {
      }
    if (block % 64 == 0) wae::sleep_microseconds(50);  // the worker's turn, on a machine with one core
    watched([&] { engine.perform(out.data(), 64); });
    sum += std::abs(out[63]);
  }
  CHECK(sum > 0);
  CHECK_EQUAL(allocations, 0);
  CHECK_EQUAL(locks, 0);
  CHECK_EQUAL(calls, 0);
  const auto stats = engine.stats();
  std::printf("        %ld blocks, %d notes, %d rendered, %d dropped, %d gaps; system calls %s\n", blocks,
              stats.triggered, stats.rendered, stats.dropped, stats.gaps,
              trapped ? "trapped" : "NOT trapped: this kernel cannot");
}

}  // namespace

int main(int count, char** texts) {
  if (count > 1) blocks = std::atol(texts[1]);
  trapped = trap_system_calls();
  return check::run({
      {"each offence would be caught", each_offence_would_be_caught},
      {"perform offends in no block", perform_offends_in_no_block},
  });
}
