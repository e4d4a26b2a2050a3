// metadata.json -> ModelInfo; the contract between models and hosts, checked once.
#pragma once

#include <string>

#include "engine/model.hpp"

namespace wae {

// Throws ModelError that names the field, what was expected and what was got.
ModelInfo parse_metadata(const std::string& json, const std::string& path);

}  // namespace wae
