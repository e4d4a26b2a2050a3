#include "engine/archive.hpp"

#include <cstdint>
#include <fstream>
#include <set>
#include <vector>

#include <zlib.h>

#include "engine/model.hpp"

namespace wae {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1}
                                << 30;  // of one record; a small file may claim to inflate to anything

// The file, seen as numbers.
struct Bytes {
  const unsigned char* data;
  uint64_t size;
};

struct Record {
  std::string name;
  uint32_t crc = 0;
  uint64_t method = 0, size = 0, stored = 0, header = 0;
};

[[noreturn]] void damaged(const std::string& what) { throw ModelError("damaged file: " + what); }

uint64_t little(const Bytes& bytes, uint64_t at, int count) {
  if (at > bytes.size || bytes.size - at < static_cast<uint64_t>(count)) damaged("it ends too early");
  uint64_t value = 0;
  for (int i = count; i-- > 0;) value = value << 8 | bytes.data[at + i];
  return value;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw ModelError("no such file, or not readable");
  const std::streamoff size = file.tellg();
  if (size < 0 || static_cast<uint64_t>(size) > 4 * kMostBytes)
    throw ModelError("not a file, or larger than 4 GB");
  if (size == 0) throw ModelError("empty file");
  std::string bytes(static_cast<size_t>(size), '\0');
  file.seekg(0);
  if (!file.read(bytes.data(), size)) throw ModelError("cannot be read to its end");
  return bytes;
}

// The end record lies in the last 64 KB; behind it only a comment.
uint64_t find_end(const Bytes& bytes) {
  if (bytes.size < 22 || little(bytes, 0, 4) != 0x04034b50)
    throw ModelError("not a TorchScript file (no zip archive)");
  const uint64_t last = bytes.size - 22, first = last > 65535 ? last - 65535 : 0;
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
  const uint64_t name = little(bytes, at + 28, 2), extra = little(bytes, at + 30, 2),
                 note = little(bytes, at + 32, 2);
  record.header = little(bytes, at + 42, 4);
  little(bytes, at + 46, 0);
  if (bytes.size - at - 46 < name + extra + note) damaged("it ends too early");
  record.name.assign(bytes.data + at + 46, bytes.data + at + 46 + name);
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
  if (count > bytes.size / 46) damaged("its table of contents");
  std::vector<Record> records;
  for (uint64_t i = 0; i < count; ++i) records.push_back(read_record(bytes, at));
  return records;
}

// libtorch reads the local header too: the two must agree.
const unsigned char* find_data(const Bytes& bytes, const Record& record) {
  if (little(bytes, record.header, 4) != 0x04034b50) damaged("the header of " + record.name);
  const uint64_t name = little(bytes, record.header + 26, 2), extra = little(bytes, record.header + 28, 2);
  const uint64_t data = record.header + 30 + name + extra;
  if (data > bytes.size || bytes.size - data < record.stored) damaged(record.name + " ends too early");
  if (name != record.name.size() ||
      record.name.compare(0, name, reinterpret_cast<const char*>(bytes.data) + record.header + 30, name) !=
          0 ||
      little(bytes, record.header + 8, 2) != record.method)
    damaged("the header of " + record.name);
  return bytes.data + data;
}

// The contents, once they have matched the checksum; copied only where they are wanted.
std::string checked(const Bytes& bytes, const Record& record, bool wanted) {
  const unsigned char* data = find_data(bytes, record);
  if (record.size > kMostBytes || (record.method == 0 && record.size != record.stored))
    damaged("the size of " + record.name);
  std::string inflated;
  if (record.method == 8)
    inflated = inflate(data, record.stored, record.size);
  else if (record.method != 0)
    damaged("the compression of " + record.name);
  if (record.method == 8) data = reinterpret_cast<const unsigned char*>(inflated.data());
  if (crc32_z(0, data, record.size) != record.crc) damaged("the checksum of " + record.name + " does not match");
  return wanted ? std::string(data, data + record.size) : "";
}

bool ends_with(const std::string& text, const std::string& tail) {
  return text.size() >= tail.size() && text.compare(text.size() - tail.size(), tail.size(), tail) == 0;
}

}  // namespace

std::string inflate(const unsigned char* in, std::size_t in_size, std::size_t size) {
  if (in_size > kMostBytes || size > kMostBytes) damaged("a record of more than 1 GB");
  std::string out(size, '\0');
  unsigned char none = 0;  // room for nothing still needs an address
  z_stream stream{};
  stream.next_in = const_cast<unsigned char*>(in);
  stream.avail_in = static_cast<uInt>(in_size);
  stream.next_out = size ? reinterpret_cast<unsigned char*>(out.data()) : &none;
  stream.avail_out = static_cast<uInt>(size);
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw ModelError("no memory to inflate a record");
  const int result = ::inflate(&stream, Z_FINISH);
  const bool full = stream.avail_out == 0, starved = stream.avail_in == 0;
  inflateEnd(&stream);
  if (result == Z_STREAM_END && full) return out;
  if (result == Z_STREAM_END || (result == Z_BUF_ERROR && starved)) damaged("a deflated record ends early");
  if (result == Z_BUF_ERROR) damaged("a deflated record is longer than announced");
  damaged("a deflated record");
}

Archive read_archive(const std::string& path) {
  Archive archive;
  archive.bytes = read_file(path);
  const Bytes bytes{reinterpret_cast<const unsigned char*>(archive.bytes.data()), archive.bytes.size()};
  std::set<std::string> names;
  bool script = false;
  for (const Record& record : read_directory(bytes)) {
    if (!names.insert(record.name).second) damaged("two records named " + record.name);
    const bool wanted = ends_with(record.name, "/extra/metadata.json");
    const std::string contents = checked(bytes, record, wanted);
    script = script || ends_with(record.name, "/constants.pkl");
    if (wanted) archive.metadata = contents;
  }
  if (!script) throw ModelError("not a TorchScript file (a zip archive of something else)");
  if (archive.metadata.empty())
    throw ModelError("metadata missing: no metadata.json inside; export it with latentsampler");
  return archive;
}

}  // namespace wae
