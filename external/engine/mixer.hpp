// The sum of all voices: the only part that runs in the audio routine. It never allocates, frees, locks,
// waits or prints.
//
// Limiter   what leaves: unchanged up to -1 dBFS, never above 0 dBFS, without a delay
// Mixer     voices -> block
#pragma once

#include <memory>

#include "engine/spsc.hpp"
#include "engine/voice.hpp"

namespace wae {

constexpr int kMaxVoices = 64;
constexpr int kSlots = 2 * kMaxVoices;  // as many again: a stolen voice fades while the new one is rendered

struct Counts {
  int triggered = 0, rendered = 0, done = 0, dropped = 0, late = 0, stolen = 0, gaps = 0;
};

class Limiter {
 public:
  void run(float* out, int n, double rate);

 private:
  float envelope_ = 0;  // the peak, held for a while, then falling
  int held_ = 0;        // samples since it was reached
};

class Mixer {
 public:
  void perform(float* out, int n);

  Voice& voice(int slot) { return voices_[slot]; }
  const Voice& voice(int slot) const { return voices_[slot]; }
  int slots() const { return used_; }
  int take_slot();  // a free one, or -1
  bool any_active() const;
  void collect();              // draining voices that the worker has let go become free
  void silence(Voice& voice);  // without a fade; nothing is reported
  bool pop_done(int& id);
  bool pop_stale(int& id);

  int64_t now = 0;  // first sample of the next block
  float gain = 1;   // reached by a ramp
  bool limit = true;
  double rate = 44100;
  double clock_ms = 0;  // the host's time, which goes on while no audio is computed
  Counts counts;

 private:
  bool begin(Voice& voice, int n);
  bool drop_stale(Voice& voice);
  void play(Voice& voice, float* out, int n);
  int mix(Voice& voice, float* out, int count);
  int ramp(Voice& voice, float* out, int count, float step);
  void finish(Voice& voice);
  void apply_gain(float* out, int n);

  std::unique_ptr<Voice[]> voices_{new Voice[kSlots]};
  int used_ = 0;  // slots that were ever in use
  float ramped_ = 1;
  Limiter limiter_;
  Spsc<int, 1024> done_, stale_;  // ids that have ended, and that came too late to begin; until the next poll
};

}  // namespace wae
