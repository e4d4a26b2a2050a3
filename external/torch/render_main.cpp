// wae-render: what is in a generative.pt, and how a point of it sounds, without Pure Data.
//
//   wae-render generative.pt                                    prints the metadata
//   wae-render generative.pt --point 0.1 -0.3 0 0 60 --out x.wav

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "engine/wav.hpp"
#include "torch/torch_model.hpp"

namespace {

constexpr const char* kUsage =
    "wae-render GENERATIVE [--point V1 V2 ... --out X.wav]\n"
    "  without --point: prints the rate, the length and the controls of the model\n"
    "  --point: values of the first controls, in their own units; the rest take their defaults\n"
    "  --out:   32-bit float wav at the model's own rate\n";

struct Options {
  std::string model, out;
  std::vector<float> point;
  bool has_point = false;
};

[[noreturn]] void misused(const std::string& why) {
  std::fprintf(stderr, "wae-render: %s\n%s", why.c_str(), kUsage);
  std::exit(2);
}

float number(const char* text) {
  float value = 0;
  const char* const end = text + std::strlen(text);
  const auto [after, error] = std::from_chars(text + (*text == '+'), end, value);  // in every locale
  if (error != std::errc() || after != end || !std::isfinite(value)) misused(std::string("expected a number, got ") + text);
  return value;
}

bool is_flag(const char* text) { return std::strncmp(text, "--", 2) == 0; }

Options parse(int count, char** texts) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string text = texts[i];
    if (text == "--help") {
      std::fputs(kUsage, stdout);
      std::exit(0);
    } else if (text == "--point") {
      options.has_point = true;
      while (i + 1 < count && !is_flag(texts[i + 1])) options.point.push_back(number(texts[++i]));
    } else if (text == "--out" && i + 1 < count) {
      options.out = texts[++i];
    } else if (options.model.empty() && !is_flag(texts[i])) {
      options.model = text;
    } else {
      misused("unexpected " + text);
    }
  }
  if (options.model.empty()) misused("expected a model");
  if (options.has_point != !options.out.empty()) misused("--point and --out belong together");
  return options;
}

void print(const wae::ModelInfo& info) {
  std::printf("%s\n", info.path.c_str());
  std::printf("  %g Hz, %d samples (%.3f s), ", info.sample_rate, info.samples,
              info.samples / info.sample_rate);
  if (info.chunk) std::printf("chunks of %d, ", info.chunk);
  std::printf("torch %s, created from %s\n", info.made_with.c_str(), info.created_from.c_str());
  for (size_t i = 0; i < info.controls.size(); ++i) {
    const wae::Control& control = info.controls[i];
    std::printf("  control %zu %s %s %g %g %g\n", i, control.name.c_str(), control.unit.c_str(), control.min,
                control.max, control.initial);
  }
}

std::vector<float> render(const wae::Model& model, const std::vector<float>& point) {
  const wae::ModelInfo& info = model.info();
  if (point.size() > info.controls.size())
    throw wae::ModelError("expected at most " + std::to_string(info.controls.size()) + " values, got " +
                          std::to_string(point.size()));
  std::vector<float> controls = point, out(info.samples);
  for (size_t i = point.size(); i < info.controls.size(); ++i) controls.push_back(info.controls[i].initial);
  const auto rendering = model.begin(controls);
  for (int done = 0; done < info.samples;) done += rendering->next(out.data() + done);
  return out;
}

}  // namespace

int main(int count, char** texts) {
  const Options options = parse(count, texts);
  try {
    const auto model = wae::load_torch_model(options.model);
    print(model->info());
    if (options.has_point)
      wae::write_wav(options.out, render(*model, options.point),
                     static_cast<int>(std::lround(model->info().sample_rate)));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "wae-render: %s: %s\n", options.model.c_str(), error.what());
    return 1;
  }
  return 0;
}
