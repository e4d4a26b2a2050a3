// The zip archive that a TorchScript file is, read without Torch.
//
// libtorch does not verify the checksums of the archive, and a damaged pickle can crash it instead of raising an error:
// a file goes to libtorch only after every record here has matched its CRC.
#pragma once

#include <string>

namespace wae {

// The contents of the record whose name ends in "/extra/metadata.json".
// Throws ModelError where the file is missing, empty, no zip archive, no TorchScript archive, damaged, or without metadata.
std::string read_metadata(const std::string& path);

}  // namespace wae
