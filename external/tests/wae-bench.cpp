// Cost of perform() with 16 voices and blocks of 64 samples, as one line of JSON.
#include <algorithm>
#include <cstdio>

#include "tests/fake_model.hpp"

namespace {

constexpr int kVoices = 16, kBlock = 64, kBlocks = 200000;

// Every note is longer than its turn: all voices sound in every block.
std::vector<double> measure() {
  fake::Options options;
  options.samples = 1 << 20;
  fake::Stage stage(options, kVoices);
  std::vector<float> out(kBlock);
  std::vector<double> microseconds;
  for (int i = 0; i < kBlocks; ++i) {
    if (i % 16000 == 0) {
      stage.engine.panic();
      stage.block();
      stage.reports();
      for (int k = 0; k < kVoices; ++k) stage.engine.play(fake::note(0.01f));
      stage.block();
      stage.reports();
    }
    const auto before = wae::Clock::now();
    stage.engine.perform(out.data(), kBlock);
    microseconds.push_back(std::chrono::duration<double, std::micro>(wae::Clock::now() - before).count());
  }
  if (stage.engine.stats().sounding != kVoices)
    std::fprintf(stderr, "expected %d voices to sound\n", kVoices);
  std::sort(microseconds.begin(), microseconds.end());
  return microseconds;
}

}  // namespace

int main() {
  const auto sorted = measure();
  const double median = sorted[kBlocks / 2], tail = sorted[kBlocks / 1000 * 999],
               block = 1e6 * kBlock / 44100;
  std::printf(
      "{\"perform_us_median\": %.3f, \"perform_us_p99_9\": %.3f, \"perform_us_max\": %.3f, \"voices\": %d, "
      "\"block\": %d, "
      "\"share_of_block_percent\": %.3f}\n",
      median, tail, sorted.back(), kVoices, kBlock, 100 * median / block);
  return 0;
}
