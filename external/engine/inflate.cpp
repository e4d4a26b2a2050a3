#include "engine/inflate.hpp"

#include <array>
#include <vector>

#include "engine/model.hpp"

namespace wae {
namespace {

constexpr int kMaxBits = 15;

class Inflater {
 public:
  Inflater(const unsigned char* in, std::size_t in_size, std::size_t size)
      : in_(in), in_size_(in_size), limit_(size) {}

  std::string run() {
    bool last = false;
    while (!last) {
      last = bits(1) != 0;
      const unsigned type = bits(2);
      if (type == 0)
        stored();
      else if (type == 1)
        fixed();
      else if (type == 2)
        dynamic();
      else
        throw ModelError("damaged deflate stream: unknown block");
    }
    if (out_.size() != limit_) throw ModelError("damaged deflate stream: wrong length");
    return std::move(out_);
  }

 private:
  // Canonical Huffman code: how many symbols there are of each length, and the symbols in order (RFC
  // 1951, 3.2.2).
  struct Huffman {
    std::array<int, kMaxBits + 1> count{};
    std::vector<int> symbols;

    Huffman(const int* lengths, int n) : symbols(static_cast<std::size_t>(n)) {
      for (int i = 0; i < n; ++i) ++count[static_cast<std::size_t>(lengths[i])];
      int left = 1;
      for (std::size_t bits = 1; bits <= kMaxBits; ++bits) {
        left = 2 * left - count[bits];
        if (left < 0) throw ModelError("damaged deflate stream: over-subscribed code");
      }
      std::array<int, kMaxBits + 2> offset{};
      for (std::size_t bits = 1; bits <= kMaxBits; ++bits) offset[bits + 1] = offset[bits] + count[bits];
      for (int i = 0; i < n; ++i)
        if (lengths[i] != 0)
          symbols[static_cast<std::size_t>(offset[static_cast<std::size_t>(lengths[i])]++)] = i;
    }
  };

  unsigned bits(int n) {
    while (have_ < n) {
      if (at_ == in_size_) throw ModelError("damaged deflate stream: ends early");
      hold_ |= static_cast<unsigned>(in_[at_++]) << have_;
      have_ += 8;
    }
    const unsigned value = hold_ & ((1u << n) - 1);
    hold_ >>= n;
    have_ -= n;
    return value;
  }

  int decode(const Huffman& code) {
    int word = 0, first = 0, index = 0;
    for (std::size_t length = 1; length <= kMaxBits; ++length) {
      word |= static_cast<int>(bits(1));
      const int count = code.count[length];
      if (word - count < first) return code.symbols[static_cast<std::size_t>(index + word - first)];
      index += count;
      first = (first + count) << 1;
      word <<= 1;
    }
    throw ModelError("damaged deflate stream: no such code");
  }

  void append(char c) {
    if (out_.size() == limit_) throw ModelError("damaged deflate stream: longer than announced");
    out_ += c;
  }

  void stored() {
    hold_ = 0, have_ = 0;  // a stored block begins at a byte boundary
    if (in_size_ - at_ < 4) throw ModelError("damaged deflate stream: ends early");
    const std::size_t length = in_[at_] | in_[at_ + 1] << 8;
    const std::size_t check = in_[at_ + 2] | in_[at_ + 3] << 8;
    at_ += 4;
    if ((length ^ check) != 0xFFFF || in_size_ - at_ < length)
      throw ModelError("damaged deflate stream: bad stored block");
    for (std::size_t i = 0; i < length; ++i) append(static_cast<char>(in_[at_++]));
  }

  void fixed() {
    std::array<int, 288> lengths{};
    for (std::size_t i = 0; i < 288; ++i) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    std::array<int, 30> distances{};
    distances.fill(5);
    codes(Huffman(lengths.data(), 288), Huffman(distances.data(), 30));
  }

  void dynamic() {
    static constexpr std::array<int, 19> order = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                  11, 4,  12, 3, 13, 2, 14, 1, 15};
    const int nLength = static_cast<int>(bits(5)) + 257, nDistance = static_cast<int>(bits(5)) + 1;
    const unsigned nCode = bits(4) + 4;
    if (nLength > 286 || nDistance > 30) throw ModelError("damaged deflate stream: too many codes");
    std::array<int, 19> first{};
    for (unsigned i = 0; i < nCode; ++i)
      first[static_cast<std::size_t>(order[i])] = static_cast<int>(bits(3));
    const std::vector<int> lengths = code_lengths(Huffman(first.data(), 19), nLength + nDistance);
    codes(Huffman(lengths.data(), nLength), Huffman(lengths.data() + nLength, nDistance));
  }

  std::vector<int> code_lengths(const Huffman& code, int n) {
    std::vector<int> lengths;
    while (static_cast<int>(lengths.size()) < n) {
      const int symbol = decode(code);
      if (symbol < 16) {
        lengths.push_back(symbol);
        continue;
      }
      if (symbol == 16 && lengths.empty()) throw ModelError("damaged deflate stream: nothing to repeat");
      const int value = symbol == 16 ? lengths.back() : 0;
      const unsigned times = symbol == 16 ? 3 + bits(2) : symbol == 17 ? 3 + bits(3) : 11 + bits(7);
      lengths.insert(lengths.end(), times, value);
    }
    if (static_cast<int>(lengths.size()) != n) throw ModelError("damaged deflate stream: too many lengths");
    return lengths;
  }

  void codes(const Huffman& literals, const Huffman& distances) {
    static constexpr std::array<int, 29> base = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                                 15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                                 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static constexpr std::array<int, 29> extra = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                                  2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    for (int symbol = decode(literals); symbol != 256; symbol = decode(literals)) {
      if (symbol < 256) {
        append(static_cast<char>(symbol));
        continue;
      }
      const auto i = static_cast<std::size_t>(symbol - 257);
      if (i >= base.size()) throw ModelError("damaged deflate stream: no such length");
      copy(distances, base[i] + static_cast<int>(bits(extra[i])));
    }
  }

  void copy(const Huffman& distances, int length) {
    const int symbol = decode(distances);
    if (symbol >= 30) throw ModelError("damaged deflate stream: no such distance");
    // Distance bases follow a rule: two symbols share each number of extra bits (RFC 1951, 3.2.5).
    const int extra = symbol < 4 ? 0 : symbol / 2 - 1;
    const int base = symbol < 4 ? symbol + 1 : ((2 + symbol % 2) << extra) + 1;
    const std::size_t distance = static_cast<std::size_t>(base) + bits(extra);
    if (distance > out_.size()) throw ModelError("damaged deflate stream: reaches before the start");
    for (int i = 0; i < length; ++i) append(out_[out_.size() - distance]);
  }

  const unsigned char* in_;
  std::size_t in_size_, limit_, at_ = 0;
  unsigned hold_ = 0;
  int have_ = 0;
  std::string out_;
};

}  // namespace

std::string inflate(const unsigned char* in, std::size_t in_size, std::size_t size) {
  return Inflater(in, in_size, size).run();
}

}  // namespace wae
