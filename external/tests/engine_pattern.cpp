// Patterns off the audio thread: the newest request wins, every load is answered, nothing races.
#include <cmath>
#include <limits>

#include "engine/deferred_cleanup.hpp"
#include "engine/pattern_engine.hpp"
#include "engine/thread.hpp"
#include "tests/check.hpp"

namespace {

using wae::PatternEngine;
using wae::PatternReport;

// One event whose velocity is the control; slow on request.
class Echo final : public wae::Pattern {
 public:
  Echo(float top, int microseconds) : microseconds_(microseconds) {
    info_.beats = 4;
    info_.voices = {"only"};
    info_.points.resize(1);
    info_.controls = {{"level", "-", 0, top, .5f}};
  }
  const wae::PatternInfo& info() const override { return info_; }
  std::vector<float> events(const std::vector<float>& controls) const override {
    wae::sleep_microseconds(microseconds_);
    return {0, 0, 60, controls[0], 1};
  }

 private:
  wae::PatternInfo info_;
  int microseconds_;
};

std::shared_ptr<const wae::Pattern> load(const std::string& path) {
  if (path == "bad") throw wae::ModelError("no good");
  return std::make_shared<Echo>(path == "half" ? .5f : 1.f, path == "slow" ? 2000 : 0);
}

std::vector<PatternReport> all(PatternEngine& engine) {
  engine.wait();
  std::vector<PatternReport> found;
  PatternReport report;
  while (engine.next(report)) found.push_back(report);
  return found;
}

void the_newest_request_is_answered_last_and_few_are_answered() {
  PatternEngine engine(load);
  engine.load("slow");
  all(engine);
  for (int i = 1; i <= 1000; ++i) engine.render({i / 1000.f});
  const auto found = all(engine);
  CHECK(found.size() <= 3);
  CHECK_EQUAL(found.back().rows[3], 1.f);
  CHECK(!engine.busy());
}

void what_is_asked_behind_a_load_is_computed_by_the_new_file() {
  PatternEngine engine(load);
  engine.load("slow");
  engine.render({1});
  engine.load("bad");
  engine.load("half");
  engine.render({1});
  engine.describe();
  const auto found = all(engine);
  CHECK(found.back().kind == PatternReport::Kind::events);
  CHECK_EQUAL(found.back().rows[3], .5f);
  int described = 0;
  for (const auto& report : found) described += report.kind == PatternReport::Kind::described;
  CHECK_EQUAL(described, 1);
}

void a_refused_file_leaves_the_old_one() {
  PatternEngine engine(load);
  engine.load("half");
  all(engine);
  engine.load("bad");
  engine.render({.25f});
  const auto found = all(engine);
  CHECK_EQUAL(found.size(), 2u);
  CHECK_EQUAL(found[0].text, "bad: no good");
  CHECK_EQUAL(found[1].rows[3], .25f);
}

void values_are_clipped_defaulted_or_refused() {
  const Echo echo(1, 0);
  CHECK_EQUAL(wae::clipped({}, echo.info())[0], .5f);
  CHECK_EQUAL(wae::clipped({1e30f}, echo.info())[0], 1.f);
  CHECK_EQUAL(wae::clipped({-1e30f}, echo.info())[0], 0.f);
  CHECK_THROWS(wae::clipped({std::nanf("")}, echo.info()), "level: expected a number from 0 to 1");
  CHECK_THROWS(wae::clipped({std::numeric_limits<float>::infinity()}, echo.info()), "level");
  CHECK_THROWS(wae::clipped({0, 0}, echo.info()), "at most 1 values, got 2");
}

void engines_end_while_they_work() {
  wae::DeferredCleanup cleanup;
  for (int i = 0; i < 200; ++i) {
    auto engine = std::make_unique<PatternEngine>(load);
    cleanup.add(engine.get());
    engine->load(i % 2 ? "slow" : "half");
    engine->render({1});
    if (i % 3 == 0) all(*engine);
    cleanup.retire(std::move(engine));
  }
  cleanup.join_all();
  cleanup.sweep();
}

}  // namespace

int main() {
  return check::run({{"the newest request is answered last, and few are answered",
                      the_newest_request_is_answered_last_and_few_are_answered},
                     {"what is asked behind a load is computed by the new file",
                      what_is_asked_behind_a_load_is_computed_by_the_new_file},
                     {"a refused file leaves the old one", a_refused_file_leaves_the_old_one},
                     {"values are clipped, defaulted or refused", values_are_clipped_defaulted_or_refused},
                     {"engines end while they work", engines_end_while_they_work}});
}
