#include "engine/mixer.hpp"

#include <algorithm>
#include <cmath>

namespace wae {

namespace {

constexpr float kGainStep = 1.f / 512;  // of full scale a sample: 12 ms from silence to full, no click
constexpr int kGapFade = 64;            // samples that are kept to end on, where a worker is behind
constexpr float kThreshold = 0.8912509f;  // -1 dBFS
constexpr float kMostSum = 1e6f;          // +120 dB: what is beyond, and what is no number, would stay forever
constexpr float kNear = 0.98f;            // a peak as high as the last one, however the samples fall
constexpr double kHold = 0.02;            // s that a peak lasts: a period of 50 Hz
constexpr double kRelease = 0.06;         // s in which it falls to 1/e

// Peaks beyond the threshold are bent towards full scale, which none reaches.
float bent(float peak) {
  constexpr float room = 0.9999f - kThreshold;
  return kThreshold + room * (1 - std::exp((kThreshold - peak) / room));
}

}  // namespace

void Limiter::run(float* out, int n, double rate) {
  const auto fall = static_cast<float>(std::exp(-1 / (kRelease * rate)));
  const int hold = static_cast<int>(kHold * rate);
  for (int i = 0; i < n; ++i) {
    if (!(std::abs(out[i]) <= kMostSum)) out[i] = out[i] > 0 ? kMostSum : out[i] < 0 ? -kMostSum : 0;
    const float peak = std::abs(out[i]);
    if (peak >= kNear * envelope_) {
      envelope_ = std::max(peak, envelope_);
      held_ = 0;
    } else if (++held_ > hold) {
      envelope_ = std::max(peak, envelope_ * fall);
    }
    if (envelope_ <= kThreshold) continue;
    out[i] = std::clamp(out[i] * (bent(envelope_) / envelope_), -1.f, 1.f);
  }
}

void Mixer::perform(float* out, int n) {
  std::fill(out, out + n, 0.f);
  for (int slot = 0; slot < used_; ++slot) {
    Voice& voice = voices_[slot];
    if (voice.phase == Voice::Phase::pending && (drop_stale(voice) || !begin(voice, n))) continue;
    if (voice.phase == Voice::Phase::playing) play(voice, out, n);
    if (voice.phase == Voice::Phase::ended) finish(voice);
  }
  collect();
  apply_gain(out, n);
  if (limit) limiter_.run(out, n, rate);
  now += n;
}

// Notes that came while no audio was computed must not all begin when it is.
bool Mixer::drop_stale(Voice& voice) {
  if (clock_ms <= voice.stale_at || !stale_.push(voice.id)) return false;
  voice.dropped = true;
  silence(voice);
  return true;
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
  constexpr float step = 1.f / kGapFade;
  int at = static_cast<int>(std::max<int64_t>(0, voice.started - now));
  while (at < n) {
    // In this order: once complete, available is final.
    const bool complete = voice.complete.load(std::memory_order_acquire);
    const int available = voice.available.load(std::memory_order_acquire);
    const int left = static_cast<int>(available - voice.position);
    if (voice.position >= voice.release + voice.fade || (complete && left <= 0)) {
      voice.phase = Voice::Phase::ended;
      return;
    }
    const int spare = complete ? left : left - kGapFade;
    if (spare <= 0 && (left <= 0 || voice.presence <= 0)) {
      counts.gaps += !voice.starved;
      voice.starved = true;
      voice.presence = 0;
      return;
    }
    voice.starved = false;
    if (spare <= 0)
      at += ramp(voice, out + at, std::min(n - at, left), -step);
    else if (voice.presence < 1)
      at += ramp(voice, out + at, std::min(n - at, spare), step);
    else
      at += mix(voice, out + at, std::min(n - at, spare));
  }
}

// Like mix, while the voice fades in or out at a gap.
int Mixer::ramp(Voice& voice, float* out, int count, float step) {
  int done = 0;
  for (; done < count && voice.position < voice.release + voice.fade; ++done) {
    voice.presence = std::clamp(voice.presence + step, 0.f, 1.f);
    const float gain = voice.gain;
    voice.gain *= voice.presence;
    mix(voice, out + done, 1);
    voice.gain = gain;
  }
  return done;
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

bool Mixer::pop_stale(int& id) {
  if (!stale_.pop(id)) return false;
  ++counts.dropped;
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
