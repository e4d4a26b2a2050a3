// The decompression of RFC 1951. TorchScript files hold their code deflated, and a damaged file must be known
// as damaged before libtorch, whose reader checks no sums, is let near it.
#pragma once

#include <cstddef>
#include <string>

namespace wae {

// Exactly `size` bytes out of `in`, or ModelError.
std::string inflate(const unsigned char* in, std::size_t in_size, std::size_t size);

}  // namespace wae
