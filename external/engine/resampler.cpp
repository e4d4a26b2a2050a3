#include "engine/resampler.hpp"

#include <algorithm>
#include <cmath>

namespace wae {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kStopBand = 90.0;   // dB
constexpr double kCutoff = 0.95;     // of the lower Nyquist frequency, the middle of the transition
constexpr double kTransition = 0.1;  // 0.9 to 1.0
constexpr int kMostRows = 1024;

// Modified Bessel function of order zero, by its power series.
double bessel(double x) {
  double sum = 1, term = 1;
  for (int k = 1; term > 1e-12 * sum; ++k) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

// Kaiser's formulas: the shape and the half length, in samples of the lower rate, for the wanted stop band.
const double kBeta = 0.1102 * (kStopBand - 8.7);
const double kHalf = (kStopBand - 7.95) / (2.285 * kTransition * kPi) / 2;

}  // namespace

Resampler::Resampler(double step) : step_(step) {
  find_fraction();
  if (step_ != 1.0) fill_table();
}

void Resampler::find_fraction() {
  for (int rows = 1; rows <= kMostRows && !exact_; ++rows) {
    const double product = step_ * rows;
    if (std::abs(product - std::round(product)) > 1e-10 * product) continue;
    exact_ = true;
    rows_ = rows;
    numerator_ = std::llround(product);
  }
}

void Resampler::fill_table() {
  const double scale = std::max(1.0, step_), cut = kCutoff / scale, reach = kHalf * scale;
  half_ = static_cast<int>(std::ceil(reach));
  const int width = 2 * half_;
  table_.assign(static_cast<size_t>(rows_ + 1) * width, 0.f);
  for (int row = 0; row <= rows_; ++row) {
    float* taps = &table_[static_cast<size_t>(row) * width];
    double sum = 0;
    for (int k = 0; k < width; ++k) {
      const double x = k - half_ + 1 - static_cast<double>(row) / rows_, edge = x / reach;
      if (std::abs(edge) >= 1) continue;
      const double angle = kPi * cut * x, sinc = std::abs(angle) < 1e-9 ? 1 : std::sin(angle) / angle;
      const double tap = cut * sinc * bessel(kBeta * std::sqrt(1 - edge * edge)) / bessel(kBeta);
      taps[k] = static_cast<float>(tap);
      sum += tap;
    }
    for (int k = 0; k < width; ++k)
      taps[k] /= static_cast<float>(sum);  // a constant stays that constant, in every phase
  }
}

Resampler::Position Resampler::position(int output) const {
  if (exact_) {
    const int64_t at = output * numerator_;
    return {at / rows_, static_cast<int>(at % rows_), 0.f};
  }
  const double time = output * step_, index = std::floor(time), row = (time - index) * rows_;
  const int whole = std::min(static_cast<int>(row), rows_ - 1);
  return {static_cast<int64_t>(index), whole, static_cast<float>(row - whole)};
}

int Resampler::outputs(int inputs) const {
  return std::max(1, static_cast<int>(std::ceil(inputs / step_ - 1e-9)));
}

int Resampler::ready(int available, int inputs) const {
  if (available >= inputs) return outputs(inputs);
  return std::max(0,
                  std::min(outputs(inputs), static_cast<int>(std::floor((available - half_ - 1) / step_))));
}

float Resampler::inner(const float* in, int inputs, int64_t from, const float* taps) const {
  const int begin = static_cast<int>(std::max<int64_t>(0, -from));
  const int end = static_cast<int>(std::min<int64_t>(2 * half_, inputs - from));
  float sum = 0;
  for (int k = begin; k < end; ++k) sum += in[from + k] * taps[k];
  return sum;
}

void Resampler::run(const float* in, int inputs, float* out, int first, int last) const {
  if (step_ == 1.0) {
    std::copy(in + first, in + std::min(last, inputs), out + first);
    return;
  }
  for (int j = first; j < last; ++j) {
    const Position at = position(j);
    const float* taps = &table_[static_cast<size_t>(at.row) * 2 * half_];
    const int64_t from = at.index - half_ + 1;
    out[j] = inner(in, inputs, from, taps);
    if (at.between > 0) out[j] += at.between * (inner(in, inputs, from, taps + 2 * half_) - out[j]);
  }
}

}  // namespace wae
