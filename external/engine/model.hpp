// What the engine asks of a model: its description, and the samples of one note at a time.
//
// Control    one number that a host may send
// ModelInfo  what the metadata inside the file say
// Rendering  one note being computed, chunk by chunk
// Model      begins renderings; shared by several workers, so everything is const
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace wae {

constexpr int kMaxControls = 64;      // fixed, so that a job has a fixed size
constexpr int kMaxSamples = 1 << 23;  // three minutes at 44.1 kHz; beyond is a broken file, not a note

struct Control {
  std::string name, unit;
  float min = 0, max = 1, initial = 0;
};

struct ModelInfo {
  std::string path, made_with, created_from;
  double sample_rate = 0;
  float gain = 1;  // at which a host plays it
  int samples = 0;
  int chunk = 0;   // samples of the first chunk; 0: the model renders whole notes only
  int pitch = -1;  // index of the control named pitch; -1: unpitched
  std::vector<Control> controls;
};

// A model that cannot be used, or a note that cannot be computed; what() is meant for the user.
class ModelError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Rendering {
 public:
  virtual ~Rendering() = default;
  // Writes the next samples at out, which has room for all that are left of the note; returns how many, at
  // least one.
  virtual int next(float* out) = 0;
};

class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelInfo& info() const = 0;
  // controls: info().controls.size() values.
  virtual std::unique_ptr<Rendering> begin(const std::vector<float>& controls) const = 0;
};

}  // namespace wae
