// Mono wav files of 32-bit floats: what a model computed, to the last bit.
#pragma once

#include <string>
#include <vector>

namespace wae {

// Throws std::runtime_error where the file cannot be written.
void write_wav(const std::string& path, const std::vector<float>& samples, int sample_rate);

}  // namespace wae
