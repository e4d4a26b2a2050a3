#include "engine/archive.hpp"

#include <array>
#include <cstdint>
#include <fstream>
#include <vector>

#include "engine/model.hpp"

namespace wae {
namespace {

using Bytes = std::vector<unsigned char>;

struct Record {
  std::string name;
  uint32_t crc = 0;
  uint64_t method = 0, size = 0, stored = 0, header = 0;
};

[[noreturn]] void damaged(const std::string& what) { throw ModelError("damaged file: " + what); }

uint64_t little(const Bytes& bytes, uint64_t at, int count) {
  if (at > bytes.size() || bytes.size() - at < static_cast<uint64_t>(count)) damaged("it ends too early");
  uint64_t value = 0;
  for (int i = count; i-- > 0;) value = value << 8 | bytes[at + i];
  return value;
}

Bytes read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw ModelError("no such file, or not readable");
  const std::streamoff size = file.tellg();
  if (size < 0 || size > std::streamoff{1} << 32) throw ModelError("not a file, or larger than 4 GB");
  if (size == 0) throw ModelError("empty file");
  Bytes bytes(static_cast<size_t>(size));
  file.seekg(0);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), size)) throw ModelError("cannot be read to its end");
  return bytes;
}

uint32_t crc32(const unsigned char* data, uint64_t size) {
  static const auto table = [] {
    std::array<uint32_t, 256> made{};
    for (uint32_t i = 0; i < 256; ++i) {
      made[i] = i;
      for (int k = 0; k < 8; ++k) made[i] = made[i] & 1 ? 0xEDB88320u ^ made[i] >> 1 : made[i] >> 1;
    }
    return made;
  }();
  uint32_t crc = ~0u;
  for (uint64_t i = 0; i < size; ++i) crc = table[(crc ^ data[i]) & 0xFF] ^ crc >> 8;
  return ~crc;
}

// The end record lies in the last 64 KB; behind it only a comment.
uint64_t find_end(const Bytes& bytes) {
  if (bytes.size() < 22 || little(bytes, 0, 4) != 0x04034b50) throw ModelError("not a TorchScript file (no zip archive)");
  const uint64_t last = bytes.size() - 22, first = last > 65535 ? last - 65535 : 0;
  for (uint64_t at = last + 1; at-- > first;)
    if (little(bytes, at, 4) == 0x06054b50) return at;
  damaged("the end of the archive is missing; was it copied completely?");
}

// Sizes and offsets beyond 32 bits, or written so by a cautious writer, stand in an extra field.
void read_wide(const Bytes& bytes, uint64_t at, uint64_t end, Record& record) {
  while (at + 4 <= end) {
    const uint64_t id = little(bytes, at, 2), next = at + 4 + little(bytes, at + 2, 2);
    at += 4;
    if (id == 1)
      for (uint64_t* field : {&record.size, &record.stored, &record.header})
        if (*field == 0xFFFFFFFF) {
          *field = little(bytes, at, 8);
          at += 8;
        }
    at = next;
  }
}

Record read_record(const Bytes& bytes, uint64_t& at) {
  if (little(bytes, at, 4) != 0x02014b50) damaged("its table of contents");
  Record record;
  record.method = little(bytes, at + 10, 2);
  record.crc = static_cast<uint32_t>(little(bytes, at + 16, 4));
  record.stored = little(bytes, at + 20, 4);
  record.size = little(bytes, at + 24, 4);
  const uint64_t name = little(bytes, at + 28, 2), extra = little(bytes, at + 30, 2), note = little(bytes, at + 32, 2);
  record.header = little(bytes, at + 42, 4);
  little(bytes, at + 46, 0);
  if (bytes.size() - at - 46 < name + extra + note) damaged("it ends too early");
  record.name.assign(bytes.begin() + at + 46, bytes.begin() + at + 46 + name);
  read_wide(bytes, at + 46 + name, at + 46 + name + extra, record);
  at += 46 + name + extra + note;
  return record;
}

std::vector<Record> read_directory(const Bytes& bytes) {
  const uint64_t end = find_end(bytes);
  uint64_t count = little(bytes, end + 10, 2), at = little(bytes, end + 16, 4);
  if ((count == 0xFFFF || at == 0xFFFFFFFF) && end >= 20) {
    const uint64_t wide = little(bytes, end - 20 + 8, 8);
    if (little(bytes, wide, 4) != 0x06064b50) damaged("its table of contents");
    count = little(bytes, wide + 32, 8);
    at = little(bytes, wide + 48, 8);
  }
  if (count > bytes.size() / 46) damaged("its table of contents");
  std::vector<Record> records;
  for (uint64_t i = 0; i < count; ++i) records.push_back(read_record(bytes, at));
  return records;
}

// Where the record's bytes begin, once they have matched its checksum.
const unsigned char* checked(const Bytes& bytes, const Record& record) {
  if (little(bytes, record.header, 4) != 0x04034b50) damaged("the header of " + record.name);
  const uint64_t data = record.header + 30 + little(bytes, record.header + 26, 2) + little(bytes, record.header + 28, 2);
  if (data > bytes.size() || bytes.size() - data < record.stored) damaged(record.name + " ends too early");
  if (record.method == 0 && record.size != record.stored) damaged("the sizes of " + record.name);
  if (record.method == 0 && crc32(bytes.data() + data, record.size) != record.crc) damaged("the checksum of " + record.name + " does not match");
  return bytes.data() + data;
}

bool ends_with(const std::string& text, const std::string& tail) {
  return text.size() >= tail.size() && text.compare(text.size() - tail.size(), tail.size(), tail) == 0;
}

}  // namespace

std::string read_metadata(const std::string& path) {
  const Bytes bytes = read_file(path);
  std::string metadata;
  bool script = false, found = false;
  for (const Record& record : read_directory(bytes)) {
    const unsigned char* data = checked(bytes, record);
    script = script || ends_with(record.name, "/constants.pkl");
    if (!ends_with(record.name, "/extra/metadata.json") || record.method != 0) continue;
    metadata.assign(data, data + record.size);
    found = true;
  }
  if (!script) throw ModelError("not a TorchScript file (a zip archive of something else)");
  if (!found || metadata.empty()) throw ModelError("metadata missing: no metadata.json inside; export it with latentsampler");
  return metadata;
}

}  // namespace wae
