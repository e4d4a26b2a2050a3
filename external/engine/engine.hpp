// The instrument without Pure Data and without Torch: notes in, a sum of voices out.
//
// Everything here belongs to one thread, the host's (Pd runs messages and audio in the same one); the worker
// is inside. Two kinds of call: perform(), real-time; and the rest, between blocks, which may allocate.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/background.hpp"
#include "engine/mixer.hpp"
#include "engine/worker.hpp"

namespace wae {

// What happened, for the host to tell.
struct Report {
  enum class Kind { ready, done, dropped, error, loaded, described };
  Kind kind = Kind::ready;
  int id = 0;
  float ms = 0;                           // of ready: from the note to its first samples
  std::string text;                       // of dropped and error: why; of loaded: the file
  std::shared_ptr<const ModelInfo> info;  // of loaded and described; null: no model
};

struct Stats : Counts {
  float median_ms = 0, p99_ms = 0;  // of the last 1024 notes
  int queue = 0;                    // jobs that wait or run
  int sounding = 0;                 // voices in use
};

struct Note {
  std::vector<float> values;  // the first controls; the rest take their defaults
  bool has_pitch = false;
  float pitch = 60;  // MIDI number: the model's pitch control, or resampling around 60
  float gain = 1;
  int key = 0;             // what its note-off names; 0: none
  double duration_ms = 0;  // until its release; 0: it ends by itself
};

enum class Steal { oldest, quietest, none };

class Engine final : public Background {
 public:
  explicit Engine(Loader loader, int voices = 16);

  // offset: samples from the beginning of the next block to the event.
  int play(const Note& note, double offset = 0);  // the render's id
  void release(int key, double offset = 0);       // note-off, with a fade
  void stop(int id = 0, double offset = 0);       // 0: all
  void panic(double offset = 0);                  // silence, as fast as it can be without a click
  void load(const std::string& path);
  void describe();

  void set_rate(double rate);
  double rate() const { return rate_; }
  void set_voices(int voices);
  void set_clip(bool clip) { clip_ = clip; }  // to the ranges of the controls
  void set_level(bool level) { level_ = level; }  // the gain that the model asks for
  void set_limit(bool limit) { mixer_.limit = limit; }
  void set_clock(double ms) { mixer_.clock_ms = ms; }  // the host's time, also while no audio is computed
  void set_latency(double ms) { latency_ms_ = ms; }
  void set_fade(double ms) { fade_ms_ = ms; }
  void set_gain(double gain) { mixer_.gain = static_cast<float>(gain); }
  void set_steal(Steal steal) { steal_ = steal; }
  void set_offline(bool offline) { offline_ = offline; }

  bool busy() const;  // something is still to be reported
  bool next(Report& report);
  Stats stats() const;

  void perform(float* out, int n);

  void quit() override { worker_.quit(); }
  bool finished() const override { return worker_.finished(); }
  void join() override { worker_.join(); }

 private:
  void end(Voice& voice, int64_t when, double fade_ms, const char* why);
  void make_room();
  std::vector<Voice*> stealable();
  void shorten(Voice& voice, int64_t release, double fade_ms);
  void cut(Voice& voice, int64_t when, double fade_ms);
  int held() const;
  void drop(int id, const std::string& why);
  void drop(Voice& voice, const std::string& why);
  void hear();
  void hear_note(const Event& event, const std::string& text);
  void count_ready(float ms);
  int64_t samples(double ms) const;
  void start(Voice& voice, const Note& note, int id, double offset);

  Mixer mixer_;  // before the worker, which writes into its voices until joined
  Worker worker_;
  std::deque<Report> reports_;
  std::vector<float> times_;
  size_t timed_ = 0;
  int voices_, last_id_ = 0;
  double rate_ = 44100, latency_ms_ = 0, fade_ms_ = 20;
  Steal steal_ = Steal::oldest;
  bool offline_ = false, clip_ = true, level_ = true;
  int loads_ = 0;
};

}  // namespace wae
