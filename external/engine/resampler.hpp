// Windowed-sinc interpolation of a whole note from the model's rate to the host's.
//
// Flat to 0.9 of the lower Nyquist frequency, a Kaiser stop band of 90 dB from that Nyquist frequency on.
// Output sample j lies at input time j * step exactly, so a note starts where it should. A ratio of small
// whole numbers (any two common sample rates) has one row of the table per output phase; any other is
// interpolated between 512 rows, which errs by less than -100 dB.
#pragma once

#include <cstdint>
#include <vector>

namespace wae {

class Resampler {
 public:
  // step: input samples per output sample, 1/64 to 64.
  explicit Resampler(double step);

  double step() const { return step_; }
  // Output samples of a note of so many input samples.
  int outputs(int inputs) const;
  // Outputs that the first `available` of `inputs` input samples decide.
  int ready(int available, int inputs) const;
  // Writes the outputs first <= j < last; samples outside of 0 <= i < inputs count as zero.
  void run(const float* in, int inputs, float* out, int first, int last) const;

 private:
  struct Position {
    int64_t index;
    int row;
    float between;  // 0 where the row is exact
  };
  Position position(int output) const;
  float inner(const float* in, int inputs, int64_t from, const float* taps) const;
  void find_fraction();
  void fill_table();

  double step_;
  int64_t numerator_ = 0;  // step = numerator / rows where exact
  bool exact_ = false;
  int rows_ = 512, half_ = 0;
  std::vector<float> table_;  // (rows + 1) x (2 half)
};

}  // namespace wae
