#include "engine/pattern.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/fields.hpp"

namespace wae {

using namespace fields;

namespace {

[[noreturn]] void fail_row(int row, const std::string& what) {
  throw ModelError("forward: row " + std::to_string(row) + ": " + what);
}

void check_kind(const Json& json) {
  const Json* kind = find(json, "kind");
  const std::string got = optional_text(json, "kind");
  if (got != "events")
    fail("kind", "to be \"events\"", !kind ? "none: this is no file of patterns" : got.empty() ? "another type" : got);
}

void read_voices(const Json& json, PatternInfo& info) {
  const Json* found = find(json, "voices");
  const std::string expected = "to be a list of 1 to " + std::to_string(kMaxPatternVoices) + " names";
  if (!found || !found->is_array()) fail("voices", expected, found ? "another type" : "none");
  if (found->empty() || found->size() > kMaxPatternVoices) fail("voices", expected, std::to_string(found->size()));
  for (const Json& name : *found) {
    if (!name.is_string()) fail("voices", expected, "another type inside");
    info.voices.push_back(word(name.get<std::string>()));
  }
}

std::vector<float> numbers(const Json& json, const std::string& field) {
  if (!json.is_array() || json.size() > kMaxControls)
    fail(field, "to be a list of at most " + std::to_string(kMaxControls) + " numbers", "another thing");
  std::vector<float> all;
  for (const Json& value : json) {
    if (!value.is_number() || !(std::abs(value.get<double>()) <= 1e9))
      fail(field, "to hold numbers within 1e9", "another thing");
    all.push_back(value.get<float>());
  }
  return all;
}

// A name that is no voice is refused: it would be a point that nobody plays.
void read_points(const Json& json, PatternInfo& info) {
  info.points.resize(info.voices.size());
  const Json* found = find(json, "points");
  if (!found || found->is_null()) return;
  if (!found->is_object()) fail("points", "to be an object", "another type");
  for (const auto& [name, values] : found->items()) {
    const auto voice = std::find(info.voices.begin(), info.voices.end(), word(name));
    if (voice == info.voices.end()) fail("points", "to name voices", name);
    info.points[voice - info.voices.begin()] = numbers(values, "points." + name);
  }
}

bool unused(const float* row) {
  return std::all_of(row, row + kEventFields, [](float value) { return std::isnan(value); });
}

void check_row(const float* row, int index, const PatternInfo& info) {
  const auto [beat, voice, pitch, velocity, length] = std::array{row[0], row[1], row[2], row[3], row[4]};
  if (!(beat >= 0 && beat < info.beats))
    fail_row(index, "expected a beat from 0 to below " + text(info.beats) + ", got " + text(beat));
  if (!(voice >= 0 && voice < static_cast<float>(info.voices.size()) && voice == std::floor(voice)))
    fail_row(index, "expected a voice from 0 to " + std::to_string(info.voices.size() - 1) + ", got " +
                        text(voice));
  if (!(std::isnan(pitch) || std::abs(pitch) <= 1000))
    fail_row(index, "expected a MIDI pitch or NaN, got " + text(pitch));
  if (!(velocity > 0 && velocity <= 1))
    fail_row(index, "expected a velocity above 0, to 1, got " + text(velocity));
  if (!(length > 0 && length <= kMaxBeats))
    fail_row(index, "expected a length above 0 beats, got " + text(length));
}

}  // namespace

PatternInfo parse_pattern(const std::string& json_text, const std::string& path) {
  const Json json = parse_object(json_text);
  check_kind(json);
  PatternInfo info;
  info.path = path;
  info.beats = static_cast<float>(number(json, "beats", 1e-3, kMaxBeats));
  info.made_with = optional_text(json, "torch_version");
  if (const Json* from = find(json, "created_from")) info.created_from = origin(*from);
  info.controls = read_controls(json);
  read_voices(json, info);
  read_points(json, info);
  return info;
}

std::vector<float> check_events(const float* rows, int count, const PatternInfo& info) {
  if (count > kMaxEvents)
    throw ModelError("forward: expected at most " + std::to_string(kMaxEvents) + " rows, got " + std::to_string(count));
  int used = 0;
  while (used < count && !unused(rows + used * kEventFields)) ++used;
  for (int row = 0; row < count; ++row) {
    const float* fields = rows + row * kEventFields;
    if (row >= used && !unused(fields)) fail_row(row, "expected NaN after the first unused row");
    if (row >= used) continue;
    check_row(fields, row, info);
    if (row > 0 && fields[0] < fields[-kEventFields]) fail_row(row, "expected beats in order");
  }
  return {rows, rows + used * kEventFields};
}

std::vector<float> clipped(const std::vector<float>& values, const PatternInfo& info) {
  if (values.size() > info.controls.size())
    throw ModelError("expected at most " + std::to_string(info.controls.size()) + " values, got " +
                     std::to_string(values.size()));
  std::vector<float> all;
  for (size_t i = 0; i < info.controls.size(); ++i) {
    const Control& control = info.controls[i];
    const float value = i < values.size() ? values[i] : control.initial;
    if (!std::isfinite(value))
      throw ModelError(control.name + ": expected a number from " + text(control.min) + " to " +
                       text(control.max) + ", got " + text(value));
    all.push_back(std::clamp(value, control.min, control.max));
  }
  return all;
}

}  // namespace wae
