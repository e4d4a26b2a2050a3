#include "engine/fields.hpp"

#include <cmath>
#include <locale>
#include <sstream>

namespace wae::fields {
namespace {

constexpr int kMaxDepth = 32;  // of nested origins; a damaged file must not exhaust the stack

// The library reads numbers in any locale that the process may have been given.
Json parse_json(const std::string& text) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    const std::string what = error.what();
    const size_t after = what.find("] ");  // behind the library's own number of the error
    throw ModelError("malformed metadata.json: " + (after == what.npos ? what : what.substr(after + 2)));
  }
}

}  // namespace

// The member, or nullptr where this is no object or has none of that name.
const Json* find(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

std::string text(double number) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out << number;
  return out.str();
}

[[noreturn]] void fail(const std::string& field, const std::string& expected, const std::string& got) {
  throw ModelError("metadata: expected " + field + " " + expected + ", got " + got);
}

double number(const Json& json, const char* name, double low, double high, const std::string& where) {
  const Json* found = find(json, name);
  const std::string field = where + name;
  const std::string range = "to be a number from " + text(low) + " to " + text(high);
  if (!found) fail(field, range, "none");
  if (!found->is_number()) fail(field, range, "another type");
  const auto value = found->get<double>();
  if (!(value >= low && value <= high)) fail(field, range, text(value));
  return value;
}

int whole(const Json& json, const char* field, double low, double high) {
  const double value = number(json, field, low, high);
  if (value != std::floor(value)) fail(field, "to be whole", text(value));
  return static_cast<int>(value);
}

std::string optional_text(const Json& json, const char* field) {
  const Json* found = find(json, field);
  return found && found->is_string() ? found->get<std::string>() : "";
}

// Where a model comes from is a sentence, or named ones inside each other; it is shown, never used.
std::string origin(const Json& json, int depth) {
  if (!json.is_object()) return json.is_string() ? json.get<std::string>() : "";
  if (depth > kMaxDepth) throw ModelError("malformed metadata.json: created_from is nested too deeply");
  std::string all;
  for (const auto& [name, value] : json.items())
    all += (all.empty() ? "" : ", ") + name + " " + origin(value, depth + 1);
  return json.size() > 1 ? "(" + all + ")" : all;
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
  if (!json.is_object())
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
  const Json* found = find(json, "controls");
  const std::string expected = "to be a list of 1 to " + std::to_string(kMaxControls);
  if (!found || !found->is_array()) fail("controls", expected, found ? "another type" : "none");
  if (found->empty() || found->size() > kMaxControls) fail("controls", expected, std::to_string(found->size()));
  std::vector<Control> controls;
  for (size_t i = 0; i < found->size(); ++i) controls.push_back(control((*found)[i], i));
  return controls;
}

Json parse_object(const std::string& text) {
  Json json = parse_json(text);
  if (!json.is_object()) throw ModelError("malformed metadata.json: expected an object");
  const Json* version = find(json, "format_version");
  if (!version || !version->is_number() || *version != kFormatVersion)
    fail("format_version", "to be " + std::to_string(kFormatVersion),
         !version               ? "none"
         : version->is_number() ? fields::text(version->get<double>())
                                : "another type");
  return json;
}

}  // namespace wae::fields
