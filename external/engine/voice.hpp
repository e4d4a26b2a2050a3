// One note's buffer, and who owns it.
//
//   free ──play──► pending ──first samples──► playing ──► ended ──reported──► free
//                     │ cancelled                │ faded before it was rendered
//                     └────────► draining ◄──────┘   (free once the worker lets go of the buffer)
//
// The Pd thread moves the phase. The worker owns the buffer from pending on: it writes samples, then
// announces them by `available`, and lets go by `complete`. The Pd thread reads no sample beyond `available`.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace wae {

constexpr int64_t kNever = int64_t{1} << 60;

struct Voice {
  enum class Phase { free, pending, playing, ended, draining };

  // Between the threads.
  std::atomic<int> available{0};
  std::atomic<bool> complete{true};
  std::atomic<bool> begun{false};   // the worker has spent time on it
  std::atomic<bool> cancel{false};  // the Pd thread no longer wants it

  // The worker's until the samples are announced.
  std::vector<float> buffer;

  // The Pd thread's.
  Phase phase = Phase::free;
  int id = 0;
  int key = 0;  // what a note-off names
  float gain = 1;
  int64_t due = 0, started = 0;  // samples since the object was made
  int64_t position = 0;          // samples of the note played
  int64_t release = kNever;      // position where the fade begins
  int64_t fade = 1;              // its length in samples
  bool scheduled = false;        // there was a latency to be ready in: a later start counts as late
  bool starved = false;          // the worker is behind the playback
  float presence = 1;            // fades out before a gap and in behind it
  double stale_at = 0;           // host time in ms after which it is no longer begun
  bool dropped = false;          // reported as dropped: whatever the worker still says of it is no news

  bool waiting() const { return phase == Phase::pending && !begun.load(std::memory_order_relaxed); }
  bool sounding() const { return phase == Phase::playing; }
  // Counts as a voice in use: it has not begun to fade.
  bool held() const { return (phase == Phase::pending || phase == Phase::playing) && position < release; }
};

}  // namespace wae
