#include "engine/json.hpp"

#include <cstdlib>
#include <cstring>

#include "engine/model.hpp"

namespace wae {
namespace {

constexpr int kMaxDepth = 32;  // a damaged file must not exhaust the stack

class Parser {
 public:
  explicit Parser(const std::string& text) : at_(text.c_str()), begin_(at_), end_(at_ + text.size()) {}

  Json whole() {
    Json value = parse(0);
    space();
    if (at_ != end_) fail("more text after the end");
    return value;
  }

 private:
  const char *at_, *begin_, *end_;

  [[noreturn]] void fail(const char* why) const {
    throw ModelError("malformed metadata.json: " + std::string(why) + " at byte " +
                     std::to_string(at_ - begin_));
  }
  void space() {
    while (at_ != end_ && std::strchr(" \t\r\n", *at_) && *at_) ++at_;
  }
  bool take(char c) {
    space();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool take_word(const char* word) {
    const auto length = static_cast<std::ptrdiff_t>(std::strlen(word));
    if (end_ - at_ < length || std::strncmp(at_, word, length) != 0) return false;
    at_ += length;
    return true;
  }

  Json parse(int depth) {
    if (depth > kMaxDepth) fail("nested too deeply");
    space();
    if (at_ == end_) fail("unexpected end");
    if (*at_ == '{') return object(depth);
    if (*at_ == '[') return list(depth);
    Json value;
    if (*at_ == '"') {
      value.kind = Json::Kind::string;
      value.string = quoted();
    } else if (take_word("true")) {
      value.kind = Json::Kind::boolean;
      value.boolean = true;
    } else if (take_word("false")) {
      value.kind = Json::Kind::boolean;
    } else if (!take_word("null")) {
      value.kind = Json::Kind::number;
      value.number = number();
    }
    return value;
  }

  double number() {
    char* after = nullptr;
    if (!std::strchr("-0123456789", *at_) || !*at_) fail("expected a value");
    const double value = std::strtod(at_, &after);  // the text ends with a zero byte, so this stops in time
    if (after == at_) fail("expected a number");
    at_ = after;
    return value;
  }

  std::string quoted() {
    if (!take('"')) fail("expected a string");
    std::string text;
    while (at_ != end_ && *at_ != '"') {
      if (*at_ == '\\') {
        ++at_;
        escape(text);
      } else {
        text += *at_++;
      }
    }
    if (at_ == end_) fail("string without end");
    ++at_;
    return text;
  }

  void escape(std::string& text) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (at_ == end_) fail("string without end");
    if (const char* found = *at_ ? std::strchr(from, *at_) : nullptr) {
      text += to[found - from];
      ++at_;
    } else if (*at_ == 'u' && end_ - at_ > 4) {
      const long code = std::strtol(std::string(at_ + 1, 4).c_str(), nullptr, 16);
      utf8(text, code);
      at_ += 5;
    } else {
      fail("unknown escape");
    }
  }

  static void utf8(std::string& text, long code) {
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += static_cast<char>(0xC0 | code >> 6);
      text += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      text += static_cast<char>(0xE0 | code >> 12);
      text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      text += static_cast<char>(0x80 | (code & 0x3F));
    }
  }

  Json list(int depth) {
    Json value;
    value.kind = Json::Kind::list;
    take('[');
    if (take(']')) return value;
    do value.list.push_back(parse(depth + 1));
    while (take(','));
    if (!take(']')) fail("expected , or ]");
    return value;
  }

  Json object(int depth) {
    Json value;
    value.kind = Json::Kind::object;
    take('{');
    if (take('}')) return value;
    do {
      space();
      const std::string key = quoted();
      if (!take(':')) fail("expected :");
      value.object[key] = parse(depth + 1);
    } while (take(','));
    if (!take('}')) fail("expected , or }");
    return value;
  }
};

}  // namespace

const Json* Json::find(const std::string& key) const {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &found->second;
}

Json parse_json(const std::string& text) { return Parser(text).whole(); }

}  // namespace wae
