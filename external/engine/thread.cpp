#include "engine/thread.hpp"

#include <chrono>
#include <thread>

#if defined(__SSE__) || defined(_M_X64)
#include <xmmintrin.h>
#endif
#ifdef _WIN32
#include <windows.h>
#else
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#endif
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif
#include <cerrno>

namespace wae {

#ifdef __APPLE__
Semaphore::Semaphore() : semaphore_(dispatch_semaphore_create(0)) {}
Semaphore::~Semaphore() { dispatch_release(semaphore_); }
void Semaphore::post() { dispatch_semaphore_signal(semaphore_); }
void Semaphore::wait() { dispatch_semaphore_wait(semaphore_, DISPATCH_TIME_FOREVER); }
#elif defined(_WIN32)
Semaphore::Semaphore() : semaphore_(CreateSemaphoreA(nullptr, 0, 1 << 30, nullptr)) {}
Semaphore::~Semaphore() { CloseHandle(semaphore_); }
void Semaphore::post() { ReleaseSemaphore(semaphore_, 1, nullptr); }
void Semaphore::wait() { WaitForSingleObject(semaphore_, INFINITE); }
#else
Semaphore::Semaphore() { sem_init(&semaphore_, 0, 0); }
Semaphore::~Semaphore() { sem_destroy(&semaphore_); }
void Semaphore::post() { sem_post(&semaphore_); }
void Semaphore::wait() {
  while (sem_wait(&semaphore_) != 0 && errno == EINTR) {
  }
}
#endif

namespace {

void lower_priority() {
#ifdef _WIN32
  SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_BELOW_NORMAL);
#else
  sched_param none{};
  pthread_setschedparam(pthread_self(), SCHED_OTHER, &none);
#endif
#ifdef __linux__
  // On Linux a nice level belongs to the thread, not to the process.
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), 5);
#endif
}

}  // namespace

void calm_this_thread() {
  lower_priority();
#if defined(__SSE__) || defined(_M_X64)
  _mm_setcsr(_mm_getcsr() | 0x8040);  // flush to zero, denormals are zero
#elif defined(__aarch64__) && !defined(_WIN32)
  unsigned long control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  __asm__ volatile("msr fpcr, %0" : : "r"(control | 1ul << 24));
#endif
}

bool is_main_thread() {
#ifdef __linux__
  return syscall(SYS_gettid) == getpid();
#elif defined(__APPLE__)
  return pthread_main_np() != 0;
#else
  return false;
#endif
}

void sleep_microseconds(int microseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
}

}  // namespace wae
