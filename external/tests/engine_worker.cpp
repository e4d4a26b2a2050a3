// The worker: rings full, notes late and early, cancelled, failing; models refused; engines that die busy.
#include "engine/cache.hpp"
#include "engine/deferred_cleanup.hpp"
#include "tests/check.hpp"
#include "tests/fake_model.hpp"

using fake::note;
using fake::Options;
using fake::Stage;
using Kind = wae::Report::Kind;

namespace {

void a_full_ring_drops_by_name_and_recovers() {
  std::atomic<bool> gate{true};
  Options options;
  options.gate = &gate;
  Stage stage(options, 64);
  stage.engine.set_offline(false);
  gate = false;
  for (int i = 0; i < 1000; ++i) stage.engine.play(note(1));
  int busy = 0;
  for (const auto& report : stage.reports())
    busy += report.text == "too many notes wait" || report.text == "no free voice";
  CHECK(busy > 0);
  gate = true;
  stage.settle();
  stage.blocks(3000);
  stage.reports();
  CHECK(!stage.engine.busy());
  stage.engine.play(note(1));
  stage.settle();
  CHECK_EQUAL(stage.block()[0], 1.f);
  const auto stats = stage.engine.stats();
  CHECK_EQUAL(stats.triggered, 1001);
}

void a_late_note_starts_at_once_and_counts() {
  std::atomic<bool> gate{true};
  Options options;
  options.gate = &gate;
  Stage stage(options);
  stage.engine.set_offline(false);
  stage.engine.set_latency(1);
  gate = false;
  stage.engine.play(note(1));
  for (const float sample : stage.blocks(640)) CHECK_EQUAL(sample, 0.f);
  gate = true;
  stage.settle();
  CHECK_EQUAL(stage.block()[0], 1.f);
  CHECK_EQUAL(stage.engine.stats().late, 1);
}

void an_early_note_waits_for_its_sample() {
  Stage stage(Options{});
  stage.engine.set_latency(100);
  stage.engine.play(note(1));
  stage.settle();
  const auto out = stage.blocks(4480);
  CHECK_EQUAL(out[4409], 0.f);
  CHECK_EQUAL(out[4410], 1.f);
}

void a_stopped_note_that_waits_is_dropped_and_never_sounds() {
  std::atomic<bool> gate{true};
  Options options;
  options.gate = &gate;
  Stage stage(options);
  stage.engine.set_offline(false);
  gate = false;
  stage.engine.play(note(1));
  stage.engine.stop(1);
  gate = true;
  stage.settle();
  for (const float sample : stage.blocks(640)) CHECK_EQUAL(sample, 0.f);
  CHECK_EQUAL(stage.ids(Kind::dropped), "1:stopped");
  CHECK(!stage.engine.busy());
}

void chunks_equal_the_whole() {
  Options whole, chunked;
  whole.slope = chunked.slope = 0.001f;
  chunked.chunk = 96;
  Stage a(whole), b(chunked);
  a.engine.play(note(1), 3);
  b.engine.play(note(1), 3);
  CHECK(a.blocks(1200) == b.blocks(1200));
}

// The sound before and behind the gap is faded: no step is larger than that of a fade of 64 samples.
void a_worker_that_falls_behind_leaves_a_gap_and_goes_on() {
  for (const int size : {1, 64}) {
    Options options;
    options.chunk = 200;
    options.delay_us = 3000;
    Stage stage(options);
    stage.engine.set_offline(false);
    stage.engine.play(note(1));
    std::vector<float> out;
    while ((out = stage.block(size))[0] == 0) {
    }
    const auto gap = stage.blocks(1000, size);  // faster than any worker
    CHECK(stage.engine.stats().gaps >= 1);
    stage.settle();
    const auto rest = stage.blocks(1100, size);
    out.insert(out.end(), gap.begin(), gap.end());
    out.insert(out.end(), rest.begin(), rest.end());
    const auto end = std::find_if(out.rbegin(), out.rend(), [](float x) { return x != 0; }).base();
    for (auto at = out.begin() + 1; at < end; ++at) CHECK(std::abs(at[0] - at[-1]) <= 1.01f / 64);
    CHECK_EQUAL(stage.ids(Kind::done), "1");
  }
}

// Ten files asked for at once: the first may be loading already, the last one wins, none between is loaded.
void of_many_loads_the_last_wins_and_those_between_are_skipped() {
  std::atomic<int> loads{0};
  std::atomic<bool> gate{false};
  wae::Engine engine([&](const std::string& path) -> std::shared_ptr<const wae::Model> {
    while (!gate.load()) std::this_thread::yield();
    ++loads;
    if (path == "9") return std::make_shared<fake::FakeModel>(Options{});
    throw wae::ModelError("not this one");
  });
  for (int i = 0; i < 10; ++i) engine.load(std::to_string(i));
  gate = true;
  while (engine.stats().queue > 0) wae::sleep_microseconds(100);
  CHECK(loads.load() <= 2);
  int loaded = 0;
  for (wae::Report report; engine.next(report);) loaded += report.kind == Kind::loaded && report.text == "9";
  CHECK_EQUAL(loaded, 1);
}

void a_model_that_throws_drops_the_note_and_keeps_the_engine() {
  for (const int chunk : {0, 100}) {
    Options options;
    options.chunk = chunk;
    options.fail_at = 500;
    Stage stage(options);
    stage.engine.play(note(1));
    stage.block();
    int errors = 0, dropped = 0;
    for (const auto& report : stage.reports()) {
      errors += report.kind == Kind::error && report.text.find("boom") != std::string::npos;
      dropped += report.kind == Kind::dropped && report.id == 1;
    }
    CHECK_EQUAL(errors, 1);
    CHECK_EQUAL(dropped, 1);
    stage.block();
    stage.reports();
    CHECK(!stage.engine.busy());
  }
}

void a_refused_file_leaves_the_old_model() {
  Stage stage(Options{});
  stage.engine.load("bad");
  stage.engine.play(note(1));
  CHECK_EQUAL(stage.block()[0], 1.f);
  bool named = false;
  for (const auto& report : stage.reports())
    named |= report.kind == Kind::error && report.text == "bad: no such file";
  CHECK(named);
}

void too_many_values_are_refused_and_too_few_take_defaults() {
  Stage stage(Options{});
  wae::Note many = note(1);
  many.values.resize(6);
  stage.engine.play(many);
  stage.block();
  CHECK_EQUAL(stage.ids(Kind::dropped), "1:expected at most 5 values, got 6");
  many.values.resize(65);
  stage.engine.play(many);
  CHECK_EQUAL(stage.ids(Kind::dropped), "2:expected at most 64 values, got 65");
  stage.engine.play(wae::Note{});
  CHECK_EQUAL(stage.block()[0], 0.5f);  // the default of every control
}

void without_a_model_a_note_is_dropped_by_name() {
  wae::Engine engine(fake::loader(Options{}));
  engine.play(note(1));
  while (engine.stats().queue > 0) wae::sleep_microseconds(100);
  wae::Report report;
  CHECK(engine.next(report));
  CHECK_EQUAL(report.text, "note 1: no model is loaded");
}

void an_unpitched_model_is_transposed_by_its_length() {
  Options options;
  options.pitched = false;
  Stage stage(options);
  wae::Note octave = note(1);
  octave.has_pitch = true;
  octave.pitch = 72;
  stage.engine.play(octave);
  const auto out = stage.blocks(1000);
  CHECK_NEAR(out[250], 1, 1e-3);
  CHECK_EQUAL(out[501], 0.f);
}

// 800 notes a second, of which so many come to sound; a slow machine gets a minute.
void overload(const Options& options) {
  Stage stage(options, 16);
  stage.engine.set_offline(false);
  const auto begun = wae::Clock::now();
  while (stage.engine.stats().rendered < 15 && wae::Clock::now() - begun < std::chrono::seconds(60)) {
    stage.engine.play(note(1));
    stage.block();
    stage.reports();
    wae::sleep_microseconds(1250);
  }
  CHECK(stage.engine.stats().rendered >= 15);
}

void more_notes_than_it_can_render_starve_no_one() {
  Options options;
  options.samples = 44100;
  options.delay_us = 10000;  // 100 notes a second at most
  overload(options);
}

void notes_that_come_faster_than_they_can_be_opened_starve_no_one() {
  Options options;
  options.open_us = 5000;  // 200 a second at most
  overload(options);
}

void engines_die_busy_without_waiting() {
  wae::DeferredCleanup cleanup;
  const auto before = wae::Clock::now();
  for (int i = 0; i < 30; ++i) {
    Options options;
    options.chunk = 10;
    options.delay_us = 2000;
    auto engine = std::make_unique<wae::Engine>(fake::loader(options));
    cleanup.add(engine.get());
    engine->load("good");
    for (int k = 0; k < 5; ++k) engine->play(note(1));
    cleanup.retire(std::move(engine));
  }
  CHECK(wae::Clock::now() - before < std::chrono::seconds(1));
  cleanup.join_all();
  cleanup.join_all();  // a second time does no harm
}

void objects_share_a_model_and_drop_it_together() {
  int loads = 0;
  wae::ModelCache cache([&](const std::string&) {
    ++loads;
    return std::make_shared<fake::FakeModel>(Options{});
  });
  const std::string file = "/proc/self/exe";
  {
    const auto a = cache.get(file), b = cache.get(file);
    CHECK_EQUAL(loads, 1);
    CHECK(a == b);
  }
  cache.get(file);
  CHECK_EQUAL(loads, 2);
}

}  // namespace

int main() {
  return check::run({
      {"a full ring drops by name and recovers", a_full_ring_drops_by_name_and_recovers},
      {"a late note starts at once and counts", a_late_note_starts_at_once_and_counts},
      {"an early note waits for its sample", an_early_note_waits_for_its_sample},
      {"a stopped note that waits is dropped and never sounds",
       a_stopped_note_that_waits_is_dropped_and_never_sounds},
      {"chunks equal the whole", chunks_equal_the_whole},
      {"a worker that falls behind leaves a gap and goes on",
       a_worker_that_falls_behind_leaves_a_gap_and_goes_on},
      {"of many loads the last wins, and those between are skipped",
       of_many_loads_the_last_wins_and_those_between_are_skipped},
      {"a model that throws drops the note and keeps the engine",
       a_model_that_throws_drops_the_note_and_keeps_the_engine},
      {"a refused file leaves the old model", a_refused_file_leaves_the_old_model},
      {"too many values are refused, too few take defaults",
       too_many_values_are_refused_and_too_few_take_defaults},
      {"without a model a note is dropped by name", without_a_model_a_note_is_dropped_by_name},
      {"an unpitched model is transposed by its length", an_unpitched_model_is_transposed_by_its_length},
      {"more notes than it can render starve no one", more_notes_than_it_can_render_starve_no_one},
      {"notes that come faster than they can be opened starve no one",
       notes_that_come_faster_than_they_can_be_opened_starve_no_one},
      {"engines die busy without waiting", engines_die_busy_without_waiting},
      {"objects share a model and drop it together", objects_share_a_model_and_drop_it_together},
  });
}
