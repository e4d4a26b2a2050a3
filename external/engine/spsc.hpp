// A ring between one producer and one consumer thread: no locks, no allocation.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>

namespace wae {

template <class Item, size_t Capacity>
class Spsc {
  static_assert((Capacity & (Capacity - 1)) == 0, "a power of two, so that the counters may wrap");

 public:
  // Producer. False where the ring is full.
  bool push(const Item& item) {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == Capacity) return false;
    items_[tail % Capacity] = item;
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  // Consumer. False where the ring is empty.
  bool pop(Item& item) {
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return false;
    item = items_[head % Capacity];
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  // Either.
  bool empty() const {
    return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire);
  }

 private:
  std::array<Item, Capacity> items_{};
  alignas(64) std::atomic<size_t> head_{0};  // a cache line each: the two threads do not slow each other
  alignas(64) std::atomic<size_t> tail_{0};
};

}  // namespace wae
