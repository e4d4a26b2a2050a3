// The smallest harness that says which claim failed, where, and with which numbers.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <sstream>
#include <string>

namespace check {

inline int failures = 0;

inline void failed(const char* file, int line, const std::string& what) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
  ++failures;
}

template <class A, class B>
void equal(const A& got, const B& expected, const char* file, int line, const char* what) {
  if (got == expected) return;
  std::ostringstream text;
  text << what << ": expected " << expected << ", got " << got;
  failed(file, line, text.str());
}

struct Claim {
  const char* name;
  void (*run)();
};

inline int run(std::initializer_list<Claim> claims) {
  for (const Claim& claim : claims) {
    const int before = failures;
    claim.run();
    std::printf("%s  %s\n", failures == before ? "holds " : "FAILED", claim.name);
    std::fflush(stdout);
  }
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace check

#define CHECK(what)                                        \
  do {                                                     \
    if (!(what)) check::failed(__FILE__, __LINE__, #what); \
  } while (0)
#define CHECK_EQUAL(got, expected) check::equal(got, expected, __FILE__, __LINE__, #got)
#define CHECK_NEAR(got, expected, tolerance)                                                              \
  do {                                                                                                    \
    if (!(std::abs((got) - (expected)) <= (tolerance)))                                                   \
      check::failed(                                                                                      \
          __FILE__, __LINE__,                                                                             \
          std::string(#got) + ": expected " + std::to_string(expected) + ", got " + std::to_string(got)); \
  } while (0)
#define CHECK_THROWS(expression, words)                                                    \
  do {                                                                                     \
    std::string said = "nothing";                                                          \
    try {                                                                                  \
      (void)(expression);                                                                  \
    } catch (const std::exception& error) {                                                \
      said = error.what();                                                                 \
    }                                                                                      \
    if (said.find(words) == std::string::npos)                                             \
      check::failed(__FILE__, __LINE__,                                                    \
                    std::string("expected an error with \"") + words + "\", got " + said); \
  } while (0)
