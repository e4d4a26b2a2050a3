// Two threads as hard at each other as they can, for the thread sanitizer; and, by --planted-race, one that
// it must find.
#include <cstring>

#include "tests/check.hpp"
#include "tests/fake_model.hpp"

using fake::note;
using fake::Options;

namespace {

void the_threads_meet_only_where_they_may() {
  Options options;
  options.samples = 400;
  options.chunk = 32;
  wae::Engine engine(fake::loader(options), 8);
  engine.load("good");
  std::vector<float> out(64);
  for (int i = 0; i < 3000; ++i) {
    engine.play(note(1), i % 64);
    if (i % 3 == 0) engine.stop(i / 2);
    if (i % 50 == 0) engine.load(i % 100 ? "good" : "bad");
    if (i % 70 == 0) engine.panic();
    for (int k = 0; k < 4; ++k) engine.perform(out.data(), 64);
    for (wae::Report report; engine.next(report);) {
    }
    if (i % 16 == 0) wae::sleep_microseconds(100);
  }
  engine.stop();
  while (engine.busy()) {
    engine.perform(out.data(), 64);
    for (wae::Report report; engine.next(report);) {
    }
  }
  const auto stats = engine.stats();
  CHECK_EQUAL(stats.triggered, 3000);
  CHECK_EQUAL(stats.done + stats.dropped, 3000);
}

// What the engine would be with a plain number in place of an atomic one.
void plant_a_race() {
  struct Careless {
    int available = 0;
    float buffer[256] = {};
  } voice;
  std::thread worker([&] {
    for (int i = 0; i < 256; ++i) {
      voice.buffer[i] = 1;
      voice.available = i + 1;
    }
  });
  float sum = 0;
  for (int i = 0; i < 1000; ++i)
    for (int k = 0; k < voice.available; ++k) sum += voice.buffer[k];
  worker.join();
  std::printf("%g\n", sum);
}

}  // namespace

int main(int count, char** texts) {
  if (count > 1 && !std::strcmp(texts[1], "--planted-race")) {
    plant_a_race();
    return 0;
  }
  return check::run({{"the threads meet only where they may", the_threads_meet_only_where_they_may}});
}
