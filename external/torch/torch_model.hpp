// TorchScript models behind the engine's Model. Nothing outside torch_model.cpp includes Torch.
#pragma once

#include <memory>
#include <string>

#include "engine/model.hpp"
#include "engine/pattern.hpp"

namespace wae {

// A tiny inference, so that libtorch's statics exist before anything is registered to run at exit:
// what is registered later runs earlier, while those statics are still alive.
void wake_torch();

std::string torch_version();
std::string torch_path();  // the shared library in use

// Loads, checks and warms up. Throws ModelError with a text for the user.
std::shared_ptr<const Model> load_torch_model(const std::string& path);
std::shared_ptr<const Pattern> load_torch_pattern(const std::string& path);

}  // namespace wae
