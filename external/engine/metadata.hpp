// metadata.json -> ModelInfo; the contract between models and hosts, checked once.
#pragma once

#include <string>

#include "engine/json.hpp"
#include "engine/model.hpp"

namespace wae {

constexpr int kFormatVersion = 1;

// Throws ModelError that names the field, what was expected and what was got.
ModelInfo parse_metadata(const std::string& json, const std::string& path);

// Its parts that a file of patterns has, too; they throw the same.
void check_version(const Json& json);
double number(const Json& json, const std::string& name, double low, double high, const std::string& where = "");
std::string optional_text(const Json& json, const std::string& field);
std::string origin(const Json& json);       // where a model comes from, as one sentence
std::string word(const std::string& from);  // fit for a symbol of Pure Data
std::vector<Control> read_controls(const Json& json);

}  // namespace wae
