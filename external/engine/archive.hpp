// The zip archive that a TorchScript file is, read without Torch.
//
// libtorch does not verify the checksums of the archive, and a damaged pickle can crash it instead of raising
// an error: bytes go to libtorch only after every record has matched its CRC.
#pragma once

#include <cstddef>
#include <string>

namespace wae {

struct Archive {
  std::string bytes;     // the whole file, verified; what is loaded is what was checked
  std::string metadata;  // of its record extra/metadata.json
};

// Throws ModelError where the file is missing, empty, no zip archive, no TorchScript archive, damaged, or
// without metadata.
Archive read_archive(const std::string& path);

// Exactly `size` bytes out of the raw deflate stream `in`, or ModelError.
std::string inflate(const unsigned char* in, std::size_t in_size, std::size_t size);

}  // namespace wae
