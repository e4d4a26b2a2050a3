// The thread that loads and renders. Jobs come in through one ring, events go out through another.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/model.hpp"
#include "engine/resampler.hpp"
#include "engine/spsc.hpp"
#include "engine/thread.hpp"
#include "engine/voice.hpp"

namespace wae {

using Clock = std::chrono::steady_clock;
using Loader = std::function<std::shared_ptr<const Model>(const std::string& path)>;

// Work for the worker; of fixed size, so that the ring allocates nothing. The receiver owns `path`.
struct Job {
  enum class Kind { note, load, describe };
  Kind kind = Kind::note;
  Voice* voice = nullptr;
  int id = 0, count = 0;  // id: the note, or how many loads there were
  float values[kMaxControls] = {};
  bool has_pitch = false, clip = true, level = true;
  float pitch = 0;
  double rate = 0;  // the host's, in Hz
  Clock::time_point asked;
  std::string* path = nullptr;
};

// News from the worker. The receiver owns `news`.
struct News {
  std::string text;
  std::shared_ptr<const ModelInfo> info;  // null: no model
};
struct Event {
  enum class Kind { ready, failed, loaded, refused, described };
  Kind kind = Kind::ready;
  Voice* voice = nullptr;
  int id = 0;
  float ms = 0;
  News* news = nullptr;
};

class Worker {
 public:
  explicit Worker(Loader loader);
  ~Worker();  // joins
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // The Pd thread's.
  bool submit(const Job& job);  // false where the ring is full; then the caller keeps what the job owns
  bool next(Event& event) { return events_.pop(event); }
  int pending() const { return pending_.load(std::memory_order_acquire); }
  void quit();  // returns at once
  bool finished() const { return finished_.load(std::memory_order_acquire); }
  void join();

 private:
  struct Session {  // a note being rendered
    Job job;
    std::shared_ptr<const Model> model;
    std::unique_ptr<Rendering> rendering;
    std::shared_ptr<const Resampler> resampler;
    std::vector<float> raw;
    int rendered = 0, announced = 0;
  };

  void run();
  void work();
  bool take();
  void load(const Job& job);
  void describe(const Job& job);
  void begin(const Job& job);
  Session open(const Job& job);
  void advance(Session& session);
  void advance_one();
  void close(const Job& job);
  void fail(const Job& job, const std::string& why);
  void send(const Event& event);
  void abandon();
  std::shared_ptr<const Resampler> resampler(double step);

  Loader loader_;
  Spsc<Job, 256> jobs_;
  Spsc<Event, 1024> events_;
  Semaphore wake_;
  std::atomic<int> pending_{0};
  std::atomic<int> newest_load_{0};  // the others are skipped
  std::atomic<bool> quit_{false}, finished_{false};
  std::shared_ptr<const Model> model_;
  std::vector<Session> sessions_;
  std::map<double, std::shared_ptr<const Resampler>> resamplers_;
  std::thread thread_;
};

}  // namespace wae
