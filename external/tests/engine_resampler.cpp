// The resampler against the sine that it should return: level, purity, place.
#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/resampler.hpp"
#include "tests/check.hpp"

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int kSamples = 6000;

struct Tone {
  double level_db, residue_db, delay;
};

double decibel(double ratio) { return 20 * std::log10(std::max(ratio, 1e-12)); }

// A sine of `share` of the input's Nyquist frequency goes in; what comes out is fitted by least squares with
// the sine of the same frequency in Hz. The residue holds images, aliases and noise. The edges, where the
// note is cut, are left out.
Tone measure(double step, double share) {
  std::vector<float> in(kSamples);
  for (int i = 0; i < kSamples; ++i) in[i] = static_cast<float>(std::sin(kPi * share * i));
  const wae::Resampler resampler(step);
  std::vector<float> out(resampler.outputs(kSamples));
  resampler.run(in.data(), kSamples, out.data(), 0, static_cast<int>(out.size()));
  const int from = static_cast<int>(out.size()) / 5, to = static_cast<int>(out.size()) * 4 / 5;
  double ss = 0, cc = 0, sc = 0, ys = 0, yc = 0;
  for (int j = from; j < to; ++j) {
    const double angle = kPi * share * j * step, s = std::sin(angle), c = std::cos(angle);
    ss += s * s, cc += c * c, sc += s * c, ys += out[j] * s, yc += out[j] * c;
  }
  const double det = ss * cc - sc * sc, a = (ys * cc - yc * sc) / det, b = (yc * ss - ys * sc) / det;
  double left = 0;
  for (int j = from; j < to; ++j) {
    const double angle = kPi * share * j * step, error = out[j] - a * std::sin(angle) - b * std::cos(angle);
    left += error * error;
  }
  return {decibel(std::hypot(a, b)), decibel(std::sqrt(left / (to - from)) * std::sqrt(2.0)),
          -std::atan2(b, a) / (kPi * share)};
}

// Model rate / Pd rate, and transpositions that no whole numbers describe.
const std::vector<double> kSteps = {0.5,
                                    22050.0 / 48000,
                                    44100.0 / 48000,
                                    48000.0 / 44100,
                                    2,
                                    96000.0 / 44100,
                                    16000.0 / 44100,
                                    std::exp2(7 / 12.0),
                                    std::exp2(-5 / 12.0)};

void the_passband_is_flat_to_nine_tenths() {
  for (const double step : kSteps)
    for (double share = 0.05; share <= 0.9; share += 0.05)
      CHECK_NEAR(measure(step, share / std::max(1.0, step)).level_db, 0, 0.1);
}

void images_lie_below_80_decibels() {
  for (const double step : kSteps)
    for (double share = 0.05; share <= 0.9; share += 0.05)
      CHECK(measure(step, share / std::max(1.0, step)).residue_db < -80);
}

void nothing_folds_back_from_above_the_lower_nyquist() {
  for (const double step : kSteps) {
    if (step <= 1.05) continue;
    for (double share = 1.0 / step + 0.002; share < 0.98; share += 0.04) {
      const Tone tone = measure(step, share);
      CHECK(std::max(tone.level_db, tone.residue_db) < -80);
    }
  }
}

void the_sound_is_not_delayed() {
  for (const double step : kSteps) CHECK_NEAR(measure(step, 0.2 / std::max(1.0, step)).delay, 0, 1e-3);
}

void parts_equal_the_whole() {
  std::vector<float> in(2000);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i * 7919 % 1000) / 1000 - 0.5f;
  for (const double step : kSteps) {
    const wae::Resampler resampler(step);
    const int outputs = resampler.outputs(2000);
    std::vector<float> whole(outputs), parts(outputs), unknown(2000, 1e9f);
    resampler.run(in.data(), 2000, whole.data(), 0, outputs);
    int done = 0;
    for (int have = 100; have <= 2000; have += 100) {
      std::copy(in.begin() + have - 100, in.begin() + have,
                unknown.begin() + have - 100);  // what comes later is not read
      const int ready = resampler.ready(have, 2000);
      resampler.run(unknown.data(), 2000, parts.data(), done, ready);
      done = ready;
    }
    CHECK_EQUAL(done, outputs);
    CHECK(whole == parts);
  }
}

void the_same_rate_changes_no_bit() {
  const std::vector<float> in{0.1f, -0.7f, 1e-20f, 3.f};
  std::vector<float> out(4);
  wae::Resampler(1).run(in.data(), 4, out.data(), 0, 4);
  CHECK(in == out);
}

}  // namespace

int main() {
  return check::run({
      {"the passband is flat within 0.1 dB to 0.9 of Nyquist", the_passband_is_flat_to_nine_tenths},
      {"images lie below -80 dB", images_lie_below_80_decibels},
      {"nothing folds back from above the lower Nyquist frequency",
       nothing_folds_back_from_above_the_lower_nyquist},
      {"the sound is not delayed", the_sound_is_not_delayed},
      {"parts equal the whole", parts_equal_the_whole},
      {"the same rate changes no bit", the_same_rate_changes_no_bit},
  });
}
