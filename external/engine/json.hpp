// JSON, as much as the metadata of a model need: a value is null, a bool, a number, a string, a list or an
// object.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace wae {

struct Json {
  enum class Kind { null, boolean, number, string, list, object };
  Kind kind = Kind::null;
  bool boolean = false;
  double number = 0;
  std::string string;
  std::vector<Json> list;
  std::map<std::string, Json> object;

  // The member, or nullptr where this is no object or has none of that name.
  const Json* find(const std::string& key) const;
};

// Throws ModelError on malformed text.
Json parse_json(const std::string& text);

}  // namespace wae
