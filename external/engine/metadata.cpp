#include "engine/metadata.hpp"

#include <cmath>
#include <sstream>

#include "engine/json.hpp"

namespace wae {
namespace {

std::string text(double number) {
  std::ostringstream out;
  out << number;
  return out.str();
}

[[noreturn]] void fail(const std::string& field, const std::string& expected, const std::string& got) {
  throw ModelError("metadata: expected " + field + " " + expected + ", got " + got);
}

}  // namespace

double number(const Json& json, const std::string& name, double low, double high, const std::string& where) {
  const Json* found = json.find(name);
  const std::string field = where + name;
  const std::string range = "to be a number from " + text(low) + " to " + text(high);
  if (!found) fail(field, range, "none");
  if (found->kind != Json::Kind::number) fail(field, range, "another type");
  if (!(found->number >= low && found->number <= high)) fail(field, range, text(found->number));
  return found->number;
}

namespace {

int whole(const Json& json, const std::string& field, double low, double high) {
  const double value = number(json, field, low, high);
  if (value != std::floor(value)) fail(field, "to be whole", text(value));
  return static_cast<int>(value);
}

}  // namespace

std::string optional_text(const Json& json, const std::string& field) {
  const Json* found = json.find(field);
  return found && found->kind == Json::Kind::string ? found->string : "";
}

// Where a model comes from is a sentence, or named ones inside each other; it is shown, never used.
std::string origin(const Json& json) {
  if (json.kind != Json::Kind::object) return json.string;
  std::string all;
  for (const auto& [name, value] : json.object) all += (all.empty() ? "" : ", ") + name + " " + origin(value);
  return json.object.size() > 1 ? "(" + all + ")" : all;
}

// Names and units become symbols in Pure Data, where a blank would split them.
std::string word(const std::string& from) {
  std::string to;
  for (const char c : from) to += c == ' ' || c == '\t' || c == '\n' || c == ',' || c == ';' ? '_' : c;
  return to.empty() ? "-" : to;
}

namespace {

Control control(const Json& json, size_t index) {
  const std::string where = "controls[" + std::to_string(index) + "].";
  if (json.kind != Json::Kind::object)
    fail(where.substr(0, where.size() - 1), "to be an object", "another type");
  const std::string name = optional_text(json, "name");
  if (name.empty()) fail(where + "name", "to be a string", "none");
  constexpr double far = 1e9;
  Control made;
  made.name = word(name);
  made.unit = word(optional_text(json, "unit"));
  made.min = static_cast<float>(number(json, "min", -far, far, where));
  made.max = static_cast<float>(number(json, "max", -far, far, where));
  if (!(made.min <= made.max)) fail(where + "min", "<= max", text(made.min) + " > " + text(made.max));
  made.initial = static_cast<float>(number(json, "default", -far, far, where));
  return made;
}

}  // namespace

std::vector<Control> read_controls(const Json& json) {
  const Json* found = json.find("controls");
  const std::string expected = "to be a list of 1 to " + std::to_string(kMaxControls);
  if (!found || found->kind != Json::Kind::list) fail("controls", expected, found ? "another type" : "none");
  const std::vector<Json>& list = found->list;
  if (list.empty() || list.size() > kMaxControls) fail("controls", expected, std::to_string(list.size()));
  std::vector<Control> controls;
  for (size_t i = 0; i < list.size(); ++i) controls.push_back(control(list[i], i));
  return controls;
}

void check_version(const Json& json) {
  if (json.kind != Json::Kind::object) throw ModelError("malformed metadata.json: expected an object");
  const Json* version = json.find("format_version");
  if (!version || version->kind != Json::Kind::number || version->number != kFormatVersion)
    fail("format_version", "to be " + std::to_string(kFormatVersion),
         !version                              ? "none"
         : version->kind == Json::Kind::number ? text(version->number)
                                               : "another type");
}

ModelInfo parse_metadata(const std::string& json_text, const std::string& path) {
  const Json json = parse_json(json_text);
  check_version(json);
  ModelInfo info;
  info.path = path;
  info.sample_rate = number(json, "sample_rate", 1000, 768000);
  info.samples = whole(json, "n_samples", 1, kMaxSamples);
  if (const Json* chunk = json.find("chunk"); chunk && chunk->kind != Json::Kind::null)
    info.chunk = whole(json, "chunk", 0, kMaxSamples);
  info.made_with = optional_text(json, "torch_version");
  if (const Json* from = json.find("created_from")) info.created_from = origin(*from);
  info.controls = read_controls(json);
  for (size_t i = 0; i < info.controls.size(); ++i)
    if (info.controls[i].name == "pitch") info.pitch = static_cast<int>(i);
  return info;
}

}  // namespace wae
