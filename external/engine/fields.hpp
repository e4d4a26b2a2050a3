// Fields of metadata.json that files of notes and files of patterns have in common. All throw ModelError that names the
// field, what was expected and what was got. Only for those who parse: it brings the JSON library with it.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/model.hpp"

namespace wae {

constexpr int kFormatVersion = 1;

namespace fields {

using Json = nlohmann::json;

[[noreturn]] void fail(const std::string& field, const std::string& expected, const std::string& got);
Json parse_object(const std::string& text);              // an object of our format version
const Json* find(const Json& json, const char* key);     // the member, or nullptr
double number(const Json& json, const char* name, double low, double high, const std::string& where = "");
int whole(const Json& json, const char* field, double low, double high);
std::string optional_text(const Json& json, const char* field);
std::string origin(const Json& json, int depth = 0);  // where a model comes from, as one sentence
std::string word(const std::string& from);            // fit for a symbol of Pure Data
std::string text(double number);
std::vector<Control> read_controls(const Json& json);

}  // namespace fields
}  // namespace wae
