// What has a thread of its own, and ends in two steps: told to quit, and later deleted or joined.
#pragma once

namespace wae {

class Background {
 public:
  virtual ~Background() = default;
  virtual void quit() = 0;  // returns at once
  virtual bool finished() const = 0;
  virtual void join() = 0;
};

}  // namespace wae
