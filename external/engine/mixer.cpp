#include "engine/mixer.hpp"

#include <algorithm>

namespace wae {

namespace {
constexpr float kGainStep = 1.f / 512;  // of full scale a sample: 12 ms from silence to full, no click
}

void Mixer::perform(float* out, int n) {
  std::fill(out, out + n, 0.f);
  for (int slot = 0; slot < used_; ++slot) {
    Voice& voice = voices_[slot];
    if (voice.phase == Voice::Phase::pending && !begin(voice, n)) continue;
    if (voice.phase == Voice::Phase::playing) play(voice, out, n);
    if (voice.phase == Voice::Phase::ended) finish(voice);
  }
  collect();
  apply_gain(out, n);
  now += n;
}

// A voice starts at its due sample, or at once when the worker was late.
bool Mixer::begin(Voice& voice, int n) {
  if (voice.due >= now + n || voice.available.load(std::memory_order_acquire) == 0) return false;
  counts.late += voice.scheduled && voice.due < now;
  voice.started = std::max(voice.due, now);
  voice.phase = Voice::Phase::playing;
  return true;
}

void Mixer::play(Voice& voice, float* out, int n) {
  int at = static_cast<int>(std::max<int64_t>(0, voice.started - now));
  while (at < n) {
    // In this order: once complete, available is final.
    const bool complete = voice.complete.load(std::memory_order_acquire);
    const int available = voice.available.load(std::memory_order_acquire);
    const int count = static_cast<int>(std::min<int64_t>(n - at, available - voice.position));
    if (voice.position >= voice.release + voice.fade || (complete && count <= 0)) {
      voice.phase = Voice::Phase::ended;
      return;
    }
    if (count <= 0) {
      counts.gaps += !voice.starved;
      voice.starved = true;
      return;
    }
    voice.starved = false;
    at += mix(voice, out + at, count);
  }
}

// Adds up to count samples: as many as lie on one side of the release. Returns how many.
int Mixer::mix(Voice& voice, float* out, int count) {
  const float* in = voice.buffer.data() + voice.position;
  const int64_t held = voice.release - voice.position;
  if (held > 0) {
    count = static_cast<int>(std::min<int64_t>(count, held));
    for (int i = 0; i < count; ++i) out[i] += voice.gain * in[i];
  } else {
    count = static_cast<int>(std::min<int64_t>(count, held + voice.fade));
    const float step = voice.gain / static_cast<float>(voice.fade);
    for (int i = 0; i < count; ++i) out[i] += step * static_cast<float>(held + voice.fade - i) * in[i];
  }
  voice.position += count;
  return count;
}

// The end is reported before the slot is reused; where the report finds no room, the slot waits.
void Mixer::finish(Voice& voice) {
  if (done_.push(voice.id)) silence(voice);
}

void Mixer::silence(Voice& voice) {
  voice.cancel.store(true, std::memory_order_relaxed);
  voice.phase = Voice::Phase::draining;
}

void Mixer::collect() {
  for (int slot = 0; slot < used_; ++slot) {
    Voice& voice = voices_[slot];
    if (voice.phase == Voice::Phase::draining && voice.complete.load(std::memory_order_acquire))
      voice.phase = Voice::Phase::free;
  }
}

void Mixer::apply_gain(float* out, int n) {
  if (ramped_ == gain) {
    if (gain != 1)
      for (int i = 0; i < n; ++i) out[i] *= gain;
    return;
  }
  for (int i = 0; i < n; ++i) {
    ramped_ += std::clamp(gain - ramped_, -kGainStep, kGainStep);
    out[i] *= ramped_;
  }
}

bool Mixer::pop_done(int& id) {
  if (!done_.pop(id)) return false;
  ++counts.done;
  return true;
}

int Mixer::take_slot() {
  for (int slot = 0; slot < kSlots; ++slot)
    if (voices_[slot].phase == Voice::Phase::free) {
      used_ = std::max(used_, slot + 1);
      return slot;
    }
  return -1;
}

bool Mixer::any_active() const {
  for (int slot = 0; slot < used_; ++slot)
    if (voices_[slot].phase != Voice::Phase::free) return true;
  return false;
}

}  // namespace wae
