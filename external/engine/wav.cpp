#include "engine/wav.hpp"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace wae {
namespace {

void put(std::string& bytes, uint32_t value, int count) {
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> 8 * i);
}

}  // namespace

void write_wav(const std::string& path, const std::vector<float>& samples, int sample_rate) {
  constexpr int kFloat = 3, kChannels = 1, kBytes = 4;
  const auto size = static_cast<uint32_t>(samples.size() * kBytes), rate = static_cast<uint32_t>(sample_rate);
  std::string bytes = "RIFF";
  put(bytes, 36 + size, 4);
  bytes += "WAVEfmt ";
  put(bytes, 16, 4);
  put(bytes, kFloat, 2);
  put(bytes, kChannels, 2);
  put(bytes, rate, 4);
  put(bytes, rate * kBytes, 4);
  put(bytes, kBytes, 2);
  put(bytes, 8 * kBytes, 2);
  bytes += "data";
  put(bytes, size, 4);
  for (const float sample : samples) {
    uint32_t bits;
    std::memcpy(&bits, &sample, sizeof bits);
    put(bytes, bits, 4);
  }
  std::ofstream file(path, std::ios::binary);
  if (!file.write(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    throw std::runtime_error("cannot write " + path);
}

}  // namespace wae
