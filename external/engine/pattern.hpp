// What an events file is: controls in, a list of events out.
//
// PatternInfo     what the metadata inside the file say
// Pattern         computes the events of a point; const, so that it may be shared
// parse_pattern   metadata.json -> PatternInfo
// check_events    what a model returned -> its used rows, or an error that names the row
// clipped         values of the user -> all controls, within their ranges
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/model.hpp"

namespace wae {

constexpr int kMaxEvents = 4096;      // rows that a model may return
constexpr int kMaxPatternVoices = 128;
constexpr int kEventFields = 5;       // beat, voice, pitch, velocity, length
constexpr float kMaxBeats = 4096;

struct PatternInfo {
  std::string path, made_with, created_from;
  float beats = 0;                         // length of the pattern
  std::vector<std::string> voices;         // names
  std::vector<std::vector<float>> points;  // of each voice, controls of the instrument that plays it; may be empty
  std::vector<Control> controls;
};

class Pattern {
 public:
  virtual ~Pattern() = default;
  virtual const PatternInfo& info() const = 0;
  // controls: info().controls.size() values; the used rows, each of kEventFields numbers.
  virtual std::vector<float> events(const std::vector<float>& controls) const = 0;
};

// Throws ModelError that names the field, what was expected and what was got.
PatternInfo parse_pattern(const std::string& json, const std::string& path);

// Throws ModelError that names the row, what was expected and what was got.
std::vector<float> check_events(const float* rows, int count, const PatternInfo& info);

// Missing values are the defaults. Throws ModelError for too many values, and for one that is not finite.
std::vector<float> clipped(const std::vector<float>& values, const PatternInfo& info);

}  // namespace wae
