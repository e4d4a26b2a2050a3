#include "engine/engine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wae {
namespace {

constexpr double kStealFade = 5;  // ms: no click, and the new note is not masked
constexpr double kPanicFade = 2;  // ms
constexpr double kPatience = 1000;  // ms beyond its latency that a note is waited for
constexpr size_t kTimes = 1024;

// Peak of the next 10 ms or so, as it will sound. What waits was asked for just now, and counts as loud.
float level(const Voice& voice) {
  if (voice.waiting()) return std::numeric_limits<float>::infinity();
  const int available = voice.available.load(std::memory_order_acquire);
  float peak = 0;
  for (int64_t i = voice.position; i < std::min<int64_t>(available, voice.position + 512); ++i)
    peak = std::max(peak, std::abs(voice.buffer[i]));
  return peak * std::abs(voice.gain);
}

}  // namespace

Engine::Engine(Loader loader, int voices)
    : worker_(std::move(loader)), voices_(std::clamp(voices, 1, kMaxVoices)) {
  times_.reserve(kTimes);
}

int64_t Engine::samples(double ms) const { return std::llround(std::max(0.0, ms) * rate_ / 1000); }

int Engine::play(const Note& note, double offset) {
  const int id = ++last_id_;
  ++mixer_.counts.triggered;
  if (note.values.size() > kMaxControls) {
    drop(id, "expected at most " + std::to_string(kMaxControls) + " values, got " +
                 std::to_string(note.values.size()));
    return id;
  }
  hear();
  make_room();
  mixer_.collect();
  const int slot = held() < voices_ ? mixer_.take_slot() : -1;
  if (slot < 0)
    drop(id, "no free voice");
  else
    start(mixer_.voice(slot), note, id, offset);
  return id;
}

int Engine::held() const {
  int count = 0;
  for (int slot = 0; slot < mixer_.slots(); ++slot) count += mixer_.voice(slot).held();
  return count;
}

void Engine::start(Voice& voice, const Note& note, int id, double offset) {
  Job job;
  job.voice = &voice;
  job.id = id;
  job.count = static_cast<int>(note.values.size());
  std::copy(note.values.begin(), note.values.end(), job.values);
  job.has_pitch = note.has_pitch;
  job.pitch = note.pitch;
  job.rate = rate_;
  job.clip = clip_;
  job.level = level_;
  job.asked = Clock::now();
  voice.available.store(0, std::memory_order_relaxed);
  voice.complete.store(false, std::memory_order_relaxed);
  voice.cancel.store(false, std::memory_order_relaxed);
  voice.begun.store(false, std::memory_order_relaxed);
  voice.id = id;
  voice.key = note.key;
  voice.gain = note.gain;
  voice.due = mixer_.now + std::llround(offset) + samples(latency_ms_);
  voice.position = 0;
  voice.release = note.duration_ms > 0 ? std::max<int64_t>(1, samples(note.duration_ms)) : kNever;
  voice.fade = std::max<int64_t>(1, samples(fade_ms_));
  voice.scheduled = latency_ms_ > 0;
  voice.starved = voice.dropped = false;
  voice.presence = 1;
  voice.stale_at = mixer_.clock_ms + latency_ms_ + kPatience;
  voice.phase = Voice::Phase::pending;
  if (worker_.submit(job)) return;
  voice.complete.store(true, std::memory_order_relaxed);
  voice.phase = Voice::Phase::free;
  drop(id, "too many notes wait");
}

// What may be stolen. A note that the worker is busy with is spared, or more notes than it can render would starve all:
// each would be stolen just before it is finished. Where most voices wait, stealing one that sounds would not help either.
std::vector<Voice*> Engine::stealable() {
  std::vector<Voice*> waiting, sounding;
  for (int slot = 0; slot < mixer_.slots(); ++slot) {
    Voice& voice = mixer_.voice(slot);
    if (voice.waiting() && voice.held()) waiting.push_back(&voice);
    if (voice.sounding() && voice.held()) sounding.push_back(&voice);
  }
  if (2 * static_cast<int>(waiting.size()) <= voices_)
    waiting.insert(waiting.end(), sounding.begin(), sounding.end());
  return waiting;
}

void Engine::make_room() {
  if (steal_ == Steal::none || held() < voices_) return;
  const std::vector<Voice*> voices = stealable();
  if (voices.empty()) return;
  const auto older = [](const Voice* a, const Voice* b) { return a->id < b->id; };
  const auto quieter = [](const Voice* a, const Voice* b) { return level(*a) < level(*b); };
  Voice* victim = steal_ == Steal::oldest ? *std::min_element(voices.begin(), voices.end(), older)
                                          : *std::min_element(voices.begin(), voices.end(), quieter);
  ++mixer_.counts.stolen;
  end(*victim, mixer_.now, kStealFade, "stolen");
}

// A voice that sounds fades from `when` on; one that waits is dropped.
void Engine::end(Voice& voice, int64_t when, double fade_ms, const char* why) {
  if (voice.phase == Voice::Phase::pending) {
    drop(voice, why);
  } else if (voice.phase == Voice::Phase::playing) {
    shorten(voice, when - voice.started, fade_ms);
  }
}

// Only ever earlier than planned, and never before what has been played.
void Engine::shorten(Voice& voice, int64_t release, double fade_ms) {
  if (release >= voice.release || voice.position >= voice.release) return;
  voice.release = std::max(release, voice.position);
  voice.fade = std::max<int64_t>(1, samples(fade_ms));
}

// A note-off waits as long as a note does, so that lengths stay what they were. A note that starts late ends as much
// later.
void Engine::release(int key, double offset) {
  const int64_t when = mixer_.now + std::llround(offset) + samples(latency_ms_);
  for (int slot = 0; slot < mixer_.slots(); ++slot) {
    Voice& voice = mixer_.voice(slot);
    if (!voice.held() || voice.key != key || key == 0) continue;
    shorten(voice, std::max<int64_t>(1, when - (voice.sounding() ? voice.started : voice.due)), fade_ms_);
  }
}

void Engine::stop(int id, double offset) {
  for (int slot = 0; slot < mixer_.slots(); ++slot) {
    Voice& voice = mixer_.voice(slot);
    if (id == 0 || voice.id == id) end(voice, mixer_.now + std::llround(offset), fade_ms_, "stopped");
  }
}

void Engine::panic(double offset) {
  const int64_t when = mixer_.now + std::llround(offset);
  for (int slot = 0; slot < mixer_.slots(); ++slot) {
    Voice& voice = mixer_.voice(slot);
    if (voice.phase == Voice::Phase::pending) drop(voice, "panic");
    if (voice.phase == Voice::Phase::playing) cut(voice, when, kPanicFade);
  }
}

// Ends sooner than planned, also in the midst of a longer fade, from the level that this has reached.
void Engine::cut(Voice& voice, int64_t when, double fade_ms) {
  if (voice.position < voice.release) return shorten(voice, when - voice.started, fade_ms);
  const int64_t left = voice.release + voice.fade - voice.position, fade = std::max<int64_t>(1, samples(fade_ms));
  if (left <= fade) return;
  voice.gain *= static_cast<float>(left) / static_cast<float>(voice.fade);
  voice.release = voice.position;
  voice.fade = fade;
}

void Engine::load(const std::string& path) {
  Job job;
  job.kind = Job::Kind::load;
  job.id = ++loads_;
  job.path = new std::string(path);
  if (worker_.submit(job)) return;
  delete job.path;
  reports_.push_back({Report::Kind::error, 0, 0, "too many jobs wait to load " + path, nullptr});
}

void Engine::describe() {
  Job job;
  job.kind = Job::Kind::describe;
  if (!worker_.submit(job))
    reports_.push_back({Report::Kind::error, 0, 0, "too many jobs wait to describe", nullptr});
}

// What was rendered for another rate would sound at another pitch: it ends.
void Engine::set_rate(double rate) {
  if (rate <= 0 || rate == rate_) return;
  for (int slot = 0; slot < mixer_.slots(); ++slot)
    end(mixer_.voice(slot), mixer_.now, kStealFade, "sample rate changed");
  rate_ = mixer_.rate = rate;
}

void Engine::set_voices(int voices) {
  voices_ = std::clamp(voices, 1, kMaxVoices);
  std::vector<Voice*> held;
  for (int slot = 0; slot < mixer_.slots(); ++slot)
    if (mixer_.voice(slot).held()) held.push_back(&mixer_.voice(slot));
  std::sort(held.begin(), held.end(), [](const Voice* a, const Voice* b) { return a->id < b->id; });
  for (int i = 0; i < static_cast<int>(held.size()) - voices_; ++i)
    end(*held[i], mixer_.now, kStealFade, "fewer voices");
}

void Engine::drop(int id, const std::string& why) {
  ++mixer_.counts.dropped;
  reports_.push_back({Report::Kind::dropped, id, 0, why, nullptr});
}

void Engine::drop(Voice& voice, const std::string& why) {
  drop(voice.id, why);
  voice.dropped = true;
  mixer_.silence(voice);
}

bool Engine::busy() const { return worker_.pending() > 0 || mixer_.any_active() || !reports_.empty(); }

bool Engine::next(Report& report) {
  hear();
  mixer_.collect();
  if (!reports_.empty()) {
    report = std::move(reports_.front());
    reports_.pop_front();
    return true;
  }
  report = {Report::Kind::dropped, 0, 0, "too old: no audio was computed, or it was rendered too late", nullptr};
  if (mixer_.pop_stale(report.id)) return true;
  report = {Report::Kind::done, 0, 0, "", nullptr};
  return mixer_.pop_done(report.id);
}

// Also before a slot is taken: an event names its note by the slot.
void Engine::hear() {
  Event event;
  while (worker_.next(event)) {
    const std::unique_ptr<News> news(event.news);
    const std::string text = news ? news->text : "";
    const auto info = news ? news->info : nullptr;
    switch (event.kind) {
      case Event::Kind::loaded:
        reports_.push_back({Report::Kind::loaded, 0, 0, text, info});
        break;
      case Event::Kind::refused:
        reports_.push_back({Report::Kind::error, 0, 0, text, nullptr});
        break;
      case Event::Kind::described:
        reports_.push_back({Report::Kind::described, 0, 0, "", info});
        break;
      case Event::Kind::ready:
      case Event::Kind::failed:
        hear_note(event, text);
    }
  }
}

void Engine::hear_note(const Event& event, const std::string& text) {
  Voice& voice = *event.voice;
  if (voice.dropped) return;
  if (event.kind == Event::Kind::ready) {
    count_ready(event.ms);
    reports_.push_back({Report::Kind::ready, event.id, event.ms, "", nullptr});
    return;
  }
  reports_.push_back({Report::Kind::error, 0, 0, "note " + std::to_string(event.id) + ": " + text, nullptr});
  if (voice.phase == Voice::Phase::pending || voice.phase == Voice::Phase::playing) drop(voice, text);
}

void Engine::count_ready(float ms) {
  ++mixer_.counts.rendered;
  if (times_.size() < kTimes)
    times_.push_back(ms);
  else
    times_[timed_ % kTimes] = ms;
  ++timed_;
}

Stats Engine::stats() const {
  Stats stats;
  static_cast<Counts&>(stats) = mixer_.counts;
  stats.queue = worker_.pending();
  stats.sounding = held();
  if (times_.empty()) return stats;
  std::vector<float> sorted = times_;
  std::sort(sorted.begin(), sorted.end());
  stats.median_ms = sorted[sorted.size() / 2];
  stats.p99_ms = sorted[sorted.size() * 99 / 100];
  return stats;
}

// Offline, time stands still until the worker is done: rendering is deterministic and sample-exact.
void Engine::perform(float* out, int n) {
  while (offline_ && worker_.pending() > 0) {
    hear();  // or the worker would wait for room in the ring of events
    sleep_microseconds(50);
  }
  mixer_.perform(out, n);
}

}  // namespace wae
