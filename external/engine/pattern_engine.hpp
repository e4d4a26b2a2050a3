// Renders patterns on a thread of its own: the newest request wins.
//
// Everything public belongs to the host's thread. A request that the thread has not yet taken is replaced by the next
// one, so that a knob dragged faster than patterns are computed leaves no queue behind it.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/background.hpp"
#include "engine/pattern.hpp"
#include "engine/spsc.hpp"
#include "engine/thread.hpp"

namespace wae {

struct PatternReport {
  enum class Kind { loaded, described, events, error };
  Kind kind = Kind::error;
  std::string text;                         // of error: why; of loaded: the file
  std::shared_ptr<const PatternInfo> info;  // of all but error; of described null: no file is loaded
  std::vector<float> rows;                  // of events: kEventFields numbers each
  float ms = 0;                             // of events: how long their computation took
};

class PatternEngine final : public Background {
 public:
  using Loader = std::function<std::shared_ptr<const Pattern>(const std::string& path)>;

  explicit PatternEngine(Loader loader);
  ~PatternEngine() override;  // joins
  PatternEngine(const PatternEngine&) = delete;
  PatternEngine& operator=(const PatternEngine&) = delete;

  void load(const std::string& path);
  void render(std::vector<float> values);  // by the file asked for last, even if it is still being loaded
  void describe();
  void refuse(const std::string& why);  // an error of the host's own, in its place among the reports
  bool busy() const;  // something is still to be reported
  bool next(PatternReport& report);
  void wait();  // until all that was asked for can be reported

  void quit() override;
  bool finished() const override { return finished_.load(std::memory_order_acquire); }
  void join() override;

 private:
  struct Request {
    std::optional<std::string> path;
    std::optional<std::vector<float>> values;
    bool describe = false;
  };

  void post(Request request);
  void collect();
  void run();
  void serve(const Request& request);
  void load_now(const std::string& path);
  void render_now(const std::vector<float>& values);
  void send(PatternReport report);

  Loader loader_;
  std::atomic<Request*> inbox_{nullptr};
  Spsc<PatternReport*, 64> reports_;
  std::deque<PatternReport> collected_;  // the host's
  Semaphore wake_;
  std::atomic<int> pending_{0};
  std::atomic<bool> quit_{false}, finished_{false};
  std::shared_ptr<const Pattern> pattern_;        // the worker's
  std::shared_ptr<const PatternInfo> described_;  // the worker's
  std::thread thread_;
};

}  // namespace wae
