// A model whose samples are known: sample i of a note is level + slope * i, so a place in it can be read off
// the sound.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/engine.hpp"

namespace fake {

struct Options {
  int samples = 1000, chunk = 0, controls = 5;
  double rate = 44100;
  bool pitched = true;
  float slope = 0;
  int delay_us = 0;                   // that a chunk takes
  int open_us = 0;                    // that a note takes before its first chunk
  int fail_at = -1;                   // sample at which the model throws
  std::atomic<bool>* gate = nullptr;  // closed (false): renderings wait
};

class FakeRendering final : public wae::Rendering {
 public:
  FakeRendering(const Options& options, float level) : options_(options), level_(level) {}
  int next(float* out) override {
    while (options_.gate && !options_.gate->load()) std::this_thread::yield();
    if (options_.delay_us) wae::sleep_microseconds(options_.delay_us);
    const int count = options_.chunk ? std::min(options_.chunk, options_.samples - first_) : options_.samples;
    for (int i = 0; i < count; ++i) {
      if (first_ + i == options_.fail_at) throw wae::ModelError("boom");
      out[i] = level_ + options_.slope * static_cast<float>(first_ + i);
    }
    first_ += count;
    return count;
  }

 private:
  Options options_;
  float level_;
  int first_ = 0;
};

class FakeModel final : public wae::Model {
 public:
  explicit FakeModel(const Options& options) : options_(options) {
    info_.sample_rate = options.rate;
    info_.samples = options.samples;
    info_.chunk = options.chunk;
    info_.pitch = options.pitched ? options.controls - 1 : -1;
    for (int i = 0; i < options.controls; ++i)
      info_.controls.push_back({"c" + std::to_string(i), "-", -1000, 1000, 0.5f});
  }
  const wae::ModelInfo& info() const override { return info_; }
  // The first control is the level.
  std::unique_ptr<wae::Rendering> begin(const std::vector<float>& controls) const override {
    if (options_.open_us) wae::sleep_microseconds(options_.open_us);
    return std::make_unique<FakeRendering>(options_, controls[0]);
  }

 private:
  Options options_;
  wae::ModelInfo info_;
};

// Loads "good"; refuses anything else.
inline wae::Loader loader(const Options& options) {
  return [options](const std::string& path) -> std::shared_ptr<const wae::Model> {
    if (path != "good") throw wae::ModelError("no such file");
    return std::make_shared<FakeModel>(options);
  };
}

inline wae::Note note(float level) {
  wae::Note made;
  made.values = {level};
  return made;
}

// An engine with its model loaded, that renders offline unless told otherwise.
struct Stage {
  explicit Stage(const Options& options, int voices = 16) : engine(loader(options), voices) {
    engine.set_offline(true);
    engine.set_limit(false);  // places in a sound are read off it
    engine.load("good");
    block(0);
    reports();
  }

  std::vector<float> block(int n = 64) {
    std::vector<float> out(n);
    engine.perform(out.data(), n);
    return out;
  }
  std::vector<float> blocks(int samples, int n = 64) {
    std::vector<float> all;
    while (static_cast<int>(all.size()) < samples) {
      const auto next = block(n);
      all.insert(all.end(), next.begin(), next.end());
    }
    return all;
  }
  std::vector<wae::Report> reports() {
    std::vector<wae::Report> all;
    for (wae::Report report; engine.next(report);) all.push_back(report);
    return all;
  }
  // Ids of the reports of a kind, joined by blanks, and their reasons.
  std::string ids(wae::Report::Kind kind) {
    std::string text;
    for (const wae::Report& report : reports())
      if (report.kind == kind)
        text += (text.empty() ? "" : " ") + std::to_string(report.id) +
                (report.text.empty() ? "" : ":" + report.text);
    return text;
  }
  void settle() {
    while (engine.stats().queue > 0) wae::sleep_microseconds(100);
  }

  wae::Engine engine;
};

}  // namespace fake
