// The sum of all voices: the only part that runs in the audio routine. It never allocates, frees, locks,
// waits or prints.
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

  int64_t now = 0;  // first sample of the next block
  float gain = 1;   // reached by a ramp
  Counts counts;

 private:
  bool begin(Voice& voice, int n);
  void play(Voice& voice, float* out, int n);
  int mix(Voice& voice, float* out, int count);
  void finish(Voice& voice);
  void apply_gain(float* out, int n);

  std::unique_ptr<Voice[]> voices_{new Voice[kSlots]};
  int used_ = 0;  // slots that were ever in use
  float ramped_ = 1;
  Spsc<int, 1024> done_;  // ids that have ended, until the next poll
};

}  // namespace wae
