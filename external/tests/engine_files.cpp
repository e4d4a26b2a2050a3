// What comes from a file: archives, deflate, JSON, metadata. Damaged ones are refused by name and never
// crash.
#include <cstdint>
#include <fstream>

#include "engine/archive.hpp"
#include "engine/metadata.hpp"
#include "engine/wav.hpp"
#include "tests/check.hpp"

namespace {

// Raw deflate streams made by zlib 1.2: dynamic and fixed Huffman codes.
const unsigned char kDynamic[] = {
    237, 206, 137, 17,  4,   33,  8,   0,   176, 90,  81,  81,  17,  255, 31,  171, 223, 58,  110,
    230, 82,  65,  192, 235, 72,  115, 88,  183, 165, 174, 178, 219, 59,  222, 205, 21,  146, 33,
    29,  48,  243, 94,  158, 46,  244, 211, 238, 80,  18,  104, 159, 88,  44,  99,  116, 53,  221,
    19,  248, 233, 41,  227, 45,  3,   145, 175, 228, 230, 147, 203, 212, 203, 147, 152, 20,  110,
    88,  234, 88,  157, 211, 131, 58,  66,  161, 202, 179, 41,  200, 197, 184, 171, 143, 17,  143,
    181, 40,  221, 87,  108, 220, 211, 30,  70,  215, 102, 233, 161, 88,  8,   174, 55,  131, 243,
    228, 145, 102, 185, 203, 98,  31,  158, 149, 131, 127, 244, 151, 162, 31};
const unsigned char kFixed[] = {75, 76, 74, 78, 68, 66, 10, 25, 169, 57, 57, 249, 200, 36, 0};

const char* const kMetadata =
    R"({"format_version": 1, "sample_rate": 22050, "n_samples": 32768, "torch_version": "2.13.0", "chunk": 0,
        "controls": [{"name": "z 0", "unit": "latent", "min": -2.5, "max": 2.5, "default": 0},
                     {"name": "pitch", "unit": "midi", "min": 36, "max": 84, "default": 60}]})";

std::string replaced(const std::string& from, const std::string& to) {
  std::string text = kMetadata;
  const size_t at = text.find(from);
  return text.replace(at, from.size(), to);
}

// The checksum bit by bit, as the definition has it: independent of the tables under test.
uint32_t crc_by_definition(const std::string& bytes) {
  uint32_t crc = ~0u;
  for (const unsigned char byte : bytes)
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (((crc ^ byte >> bit) & 1) ? 0xEDB88320u : 0);
  return ~crc;
}

void put(std::string& bytes, uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> 8 * i);
}

// A zip archive of stored records.
class Zip {
 public:
  Zip& add(const std::string& name, const std::string& contents) {
    const size_t header = bytes_.size();
    std::string common;
    put(common, 0, 2);  // flags, then the method
    put(common, 0, 2);
    put(common, 0, 4);  // time
    put(common, crc_by_definition(contents), 4);
    put(common, contents.size(), 4);
    put(common, contents.size(), 4);
    put(common, name.size(), 2);
    put(common, 0, 2);
    put(bytes_, 0x04034b50, 4);
    put(bytes_, 20, 2);
    bytes_ += common + name + contents;
    put(directory_, 0x02014b50, 4);
    put(directory_, 20 | 20 << 16, 4);
    directory_ += common;
    put(directory_, 0, 8);
    put(directory_, 0, 2);
    put(directory_, header, 4);
    directory_ += name;
    ++count_;
    return *this;
  }
  std::string bytes() const {
    std::string all = bytes_ + directory_;
    put(all, 0x06054b50, 4);
    put(all, 0, 4);
    put(all, count_ | count_ << 16, 4);
    put(all, directory_.size(), 4);
    put(all, bytes_.size(), 4);
    put(all, 0, 2);
    return all;
  }

 private:
  std::string bytes_, directory_;
  uint64_t count_ = 0;
};

Zip script() { return Zip().add("m/constants.pkl", "\x80\x02)."); }

const std::string kPath = "engine_files.tmp";

wae::Archive read(const std::string& bytes) {
  std::ofstream(kPath, std::ios::binary) << bytes;
  return wae::read_archive(kPath);
}

void a_sound_archive_is_read() {
  const auto archive = read(script().add("m/extra/metadata.json", kMetadata).bytes());
  CHECK_EQUAL(archive.metadata, kMetadata);
  CHECK_EQUAL(wae::parse_metadata(archive.metadata, "x").samples, 32768);
}

void what_is_no_archive_is_named() {
  CHECK_THROWS(wae::read_archive("nowhere.pt"), "no such file");
  CHECK_THROWS(read(""), "empty file");
  CHECK_THROWS(read(std::string(5000, 'x')), "not a TorchScript file");
  CHECK_THROWS(read(Zip().add("a.txt", "hello").bytes()), "not a TorchScript file");
  CHECK_THROWS(read(script().bytes()), "metadata missing");
  CHECK_THROWS(read(script().add("m/extra/metadata.json", "").bytes()), "metadata missing");
  CHECK_THROWS(read(script().add("m/a", "1").add("m/a", "2").add("m/extra/metadata.json", "{}").bytes()),
               "two records");
}

void every_cut_is_refused() {
  const std::string whole = script().add("m/extra/metadata.json", kMetadata).bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    bool refused = false;
    try {
      read(whole.substr(0, size));
    } catch (const wae::ModelError&) {
      refused = true;
    }
    CHECK(refused);
  }
}

void every_flipped_bit_of_contents_is_noticed() {
  const std::string whole = script().add("m/extra/metadata.json", kMetadata).bytes();
  const size_t first = whole.find(kMetadata);
  for (size_t i = 0; i < std::string(kMetadata).size(); ++i) {
    std::string changed = whole;
    changed[first + i] = static_cast<char>(changed[first + i] ^ 1 << i % 8);
    CHECK_THROWS(read(changed), "checksum");
  }
}

void inflate_equals_zlib() {
  std::string wanted;
  for (int i = 0; i < 600; ++i) wanted += static_cast<char>('a' + (i * i * 7 + i / 13) % 26);
  CHECK_EQUAL(wae::inflate(kDynamic, sizeof kDynamic, 600), wanted);
  const std::string repeated = "abcabcabcabcabc hello hello hello";
  CHECK_EQUAL(wae::inflate(kFixed, sizeof kFixed, repeated.size()), repeated);
}

void damaged_deflate_is_refused_or_of_the_right_length() {
  for (size_t i = 0; i < sizeof kDynamic; ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed(kDynamic, kDynamic + sizeof kDynamic);
      changed[i] = static_cast<char>(changed[i] ^ 1 << bit);
      try {
        CHECK_EQUAL(
            wae::inflate(reinterpret_cast<const unsigned char*>(changed.data()), changed.size(), 600).size(),
            600u);
      } catch (const wae::ModelError&) {
        continue;
      }
    }
  CHECK_THROWS(wae::inflate(kDynamic, sizeof kDynamic, 599), "longer than announced");
  CHECK_THROWS(wae::inflate(kDynamic, 20, 600), "ends early");
}

void metadata_are_read() {
  const wae::ModelInfo info = wae::parse_metadata(kMetadata, "a.pt");
  CHECK_EQUAL(info.controls.size(), 2u);
  CHECK_EQUAL(info.controls[0].name, "z_0");  // one symbol in Pd
  CHECK_EQUAL(info.controls[0].min, -2.5f);
  CHECK_EQUAL(info.pitch, 1);
  CHECK_EQUAL(info.sample_rate, 22050.0);
}

void a_level_in_decibels_is_a_gain() {
  CHECK_EQUAL(wae::parse_metadata(kMetadata, "a.pt").gain, 1.f);
  const std::string text = replaced("\"chunk\": 0", "\"chunk\": 0, \"level_db\": -20");
  CHECK_NEAR(wae::parse_metadata(text, "a.pt").gain, 0.1f, 1e-7f);
  CHECK_THROWS(wae::parse_metadata(replaced("\"chunk\": 0", "\"level_db\": 999"), "a.pt"), "expected level_db");
}

void each_wrong_field_is_named_with_what_was_expected() {
  const auto parse = [](const std::string& text) { return wae::parse_metadata(text, "a.pt"); };
  CHECK_THROWS(parse(replaced("\"format_version\": 1", "\"format_version\": 2")),
               "expected format_version to be 1, got 2");
  CHECK_THROWS(parse(replaced("\"format_version\": 1,", "")), "expected format_version to be 1, got none");
  CHECK_THROWS(parse(replaced("32768", "1000000000")), "expected n_samples");
  CHECK_THROWS(parse(replaced("32768", "0")), "expected n_samples");
  CHECK_THROWS(parse(replaced("32768", "1.5")), "expected n_samples to be whole");
  CHECK_THROWS(parse(replaced("22050", "\"fast\"")), "expected sample_rate to be a number");
  CHECK_THROWS(parse(replaced("22050", "-1")), "expected sample_rate");
  CHECK_THROWS(parse(replaced("\"z 0\"", "7")), "controls[0].name");
  CHECK_THROWS(parse(replaced("84", "3")), "controls[1].min <= max");
  CHECK_THROWS(parse(replaced("\"controls\"", "\"knobs\"")),
               "expected controls to be a list of 1 to 64, got none");
  CHECK_THROWS(parse("[]"), "expected an object");
}

void malformed_json_is_refused_with_its_place() {
  for (const char* text :
       {"", "{", "{\"a\"", "{\"a\":}", "[1,]", "tru", "\"abc", "{\"a\":1}}", "[1 2]", "\"\\x\"", "nan", "-"})
    CHECK_THROWS(wae::parse_metadata(text, "a.pt"), "malformed metadata.json");
  CHECK_THROWS(wae::parse_metadata("{\"a\": tru}", "a.pt"), "column");
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "{\"a\":";
  CHECK_THROWS(wae::parse_metadata(deep, "a.pt"), "malformed metadata.json");
  deep += "1" + std::string(100000, '}');
  CHECK_THROWS(wae::parse_metadata(replaced("\"torch_version\"", "\"created_from\": " + deep + ", \"torch_version\""), "a.pt"),
               "nested too deeply");
}

void text_and_numbers_are_read_as_json_has_them() {
  CHECK_EQUAL(wae::parse_metadata(replaced("z 0", "\\u00e9"), "a.pt").controls[0].name, "\xC3\xA9");
  CHECK_EQUAL(wae::parse_metadata(replaced("22050", "4.41e4"), "a.pt").sample_rate, 44100.0);
}

void a_wav_has_its_samples_to_the_bit() {
  wae::write_wav(kPath, {0.5f, -1.f}, 22050);
  std::ifstream file(kPath, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  CHECK_EQUAL(bytes.size(), 44u + 8u);
  CHECK_EQUAL(bytes.substr(44), std::string("\0\0\0\x3f\0\0\x80\xbf", 8));
}

}  // namespace

int main() {
  const int result = check::run({
      {"a sound archive is read", a_sound_archive_is_read},
      {"what is no archive is named", what_is_no_archive_is_named},
      {"every cut is refused", every_cut_is_refused},
      {"every flipped bit of contents is noticed", every_flipped_bit_of_contents_is_noticed},
      {"inflate equals zlib", inflate_equals_zlib},
      {"damaged deflate is refused, or of the right length",
       damaged_deflate_is_refused_or_of_the_right_length},
      {"metadata are read", metadata_are_read},
      {"a level in decibels is a gain", a_level_in_decibels_is_a_gain},
      {"each wrong field is named, with what was expected", each_wrong_field_is_named_with_what_was_expected},
      {"malformed JSON is refused", malformed_json_is_refused_with_its_place},
      {"text and numbers are read as JSON has them", text_and_numbers_are_read_as_json_has_them},
      {"a wav has its samples to the bit", a_wav_has_its_samples_to_the_bit},
  });
  std::remove(kPath.c_str());
  return result;
}
