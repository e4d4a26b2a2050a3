// What the inlet understands.
#include <algorithm>
#include <cmath>
#include <limits>
#include <locale>
#include <sstream>

#ifdef _WIN32
#include <io.h>
#else
#include <unistd.h>
#endif

#include "pd/object.hpp"

namespace wae {

// Logical time runs on between two blocks; the next block begins where the last one, computed at `ticked`,
// ended.
double offset(const Object* x) {
  const Inside& inside = *x->inside;
  const double since = clock_gettimesince(inside.ticked),
               most = std::max(inside.block_ms, 64000.0 / sys_getsr());
  if (inside.block_ms == 0 || since > 2 * most)
    return 0;  // no audio runs: at the beginning of the first block
  return std::min(since, most) * inside.engine->rate() / 1000;
}

namespace {

Engine& engine(Object* x) { return *x->inside->engine; }

// Every number that enters comes through one of these two, the values of controls through the engine, which knows
// their ranges. NaN and infinities are refused, by name.
bool finite(Object* x, const char* message, double value) {
  constexpr double most = std::numeric_limits<float>::max();
  if (value >= -most && value <= most) return true;
  tell_error(x, std::string(message) + ": expected a finite number, got " +
                    (std::isnan(value) ? "NaN" : "an infinity"));
  return false;
}

// Takes the nearest value of the range, and says so.
bool setting(Object* x, const char* message, double value, double low, double high, const std::string& unit,
             double& taken) {
  if (!finite(x, message, value)) return false;
  taken = std::clamp(value, low, high);
  if (taken == value) return true;
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << message << ": expected " << low << " to " << high << unit << ", got " << value << ", took " << taken;
  tell_error(x, text.str());
  return true;
}

bool numbers(Object* x, const char* message, int count, const t_atom* atoms, std::vector<float>& values) {
  values.clear();
  for (int i = 0; i < count; ++i) {
    if (atoms[i].a_type != A_FLOAT) {
      tell_error(x, std::string(message) + ": expected numbers only, got another thing at place " +
                        std::to_string(i + 1));
      return false;
    }
    const double value = atom_getfloat(&atoms[i]);
    if (!finite(x, message, value)) return false;
    values.push_back(static_cast<float>(value));
  }
  return true;
}

// An id that is no whole number, or beyond what an int holds, is taken as the nearest one.
int whole(double value) { return static_cast<int>(std::clamp(value, -1e9, 1e9)); }

void play(Object* x, const Note& note) {
  engine(x).set_clock(host_ms(x));
  engine(x).play(note, offset(x));
  watch(x);
}

void on_list(Object* x, t_symbol*, int count, t_atom* atoms) {
  std::vector<float> values;
  if (!numbers(x, "list", count, atoms, values)) return;
  if (count > 0) x->inside->last.values = values;  // an empty list is a bang
  play(x, x->inside->last);
}

void on_set(Object* x, t_symbol*, int count, t_atom* atoms) {
  std::vector<float> values;
  if (numbers(x, "set", count, atoms, values)) x->inside->last.values = values;
}

void on_bang(Object* x) { play(x, x->inside->last); }

// note PITCH VELOCITY [KEY]: velocity 0 releases the notes of that key, which is the pitch where none is
// given.
void on_note(Object* x, t_symbol*, int count, t_atom* atoms) {
  std::vector<float> values;
  if (!numbers(x, "note", count, atoms, values)) return;
  if (values.size() < 2 || values.size() > 3)
    return tell_error(x, "note: expected PITCH VELOCITY [ID], got " + std::to_string(count) + " values");
  // Pitches and given ids must not meet: pitches may be microtonal, so they are counted in hundredths, below
  // zero.
  const int key = values.size() == 3 ? 1 + whole(values[2])
                                     : -1 - whole(std::round(values[0] * 100.0));
  if (values[1] <= 0) return engine(x).release(key, offset(x));
  Note note = x->inside->last;
  note.has_pitch = true;
  note.pitch = values[0];
  note.gain = std::min(values[1], 127.f) / 127;
  note.key = key;
  play(x, note);
}

// Pd would look for what is not there along all its paths; the patch's folder comes first.
std::string find(Object* x, const char* name) {
  char folder[MAXPDSTRING], *file = nullptr;
  const int descriptor = canvas_open(x->canvas, name, "", folder, &file, MAXPDSTRING, 1);
  if (descriptor < 0) return "";
  sys_close(descriptor);
  return std::string(folder) + "/" + file;
}

void on_load(Object* x, t_symbol* file) {
  const std::string path = find(x, file->s_name);
  if (path.empty())
    return tell_error(x, std::string(file->s_name) + ": no such file beside the patch or along Pd's paths");
  engine(x).load(path);
  watch(x);
}

void on_describe(Object* x) {
  engine(x).describe();
  watch(x);
}

void on_stop(Object* x, t_float id) {
  if (finite(x, "stop", id)) engine(x).stop(whole(id), offset(x));
  watch(x);
}

void on_panic(Object* x) {
  engine(x).panic(offset(x));
  watch(x);
}

void on_voices(Object* x, t_float count) {
  double taken = 0;
  if (!setting(x, "voices", count, 1, kMaxVoices, "", taken)) return;
  engine(x).set_voices(static_cast<int>(taken));
  watch(x);
}

void on_latency(Object* x, t_float ms) {
  double taken = 0;
  if (setting(x, "latency", ms, 0, 60000, " ms", taken)) engine(x).set_latency(taken);
}

void on_fade(Object* x, t_float ms) {
  double taken = 0;
  if (setting(x, "fade", ms, 0, 60000, " ms", taken)) engine(x).set_fade(taken);
}

void on_gain(Object* x, t_float gain) {
  double taken = 0;
  if (setting(x, "gain", gain, 0, 16, "", taken)) engine(x).set_gain(taken);
}

void on_duration(Object* x, t_float ms) {
  double taken = 0;
  if (setting(x, "duration", ms, 0, 3600000, " ms", taken)) x->inside->last.duration_ms = taken;
}

void on_clip(Object* x, t_float on) { engine(x).set_clip(on != 0); }

void on_level(Object* x, t_float on) { engine(x).set_level(on != 0); }

void on_limit(Object* x, t_float on) { engine(x).set_limit(on != 0); }

void on_offline(Object* x, t_float on) { engine(x).set_offline(on != 0); }

void on_steal(Object* x, t_symbol* which) {
  const std::string name = which->s_name;
  if (name == "oldest")
    engine(x).set_steal(Steal::oldest);
  else if (name == "quietest")
    engine(x).set_steal(Steal::quietest);
  else if (name == "none")
    engine(x).set_steal(Steal::none);
  else
    tell_error(x, "steal: expected oldest, quietest or none, got " + name);
}

void add(t_class* type, void (*method)(Object*, t_float), const char* name, t_atomtype kind = A_FLOAT) {
  class_addmethod(type, reinterpret_cast<t_method>(method), gensym(name), kind, A_NULL);
}

void add(t_class* type, void (*method)(Object*, t_symbol*), const char* name) {
  class_addmethod(type, reinterpret_cast<t_method>(method), gensym(name), A_SYMBOL, A_NULL);
}

void add(t_class* type, void (*method)(Object*), const char* name) {
  class_addmethod(type, reinterpret_cast<t_method>(method), gensym(name), A_NULL);
}

void add(t_class* type, void (*method)(Object*, t_symbol*, int, t_atom*), const char* name) {
  class_addmethod(type, reinterpret_cast<t_method>(method), gensym(name), A_GIMME, A_NULL);
}

}  // namespace

void add_messages(t_class* type) {
  class_addlist(type, reinterpret_cast<t_method>(on_list));
  class_addbang(type, reinterpret_cast<t_method>(on_bang));
  add(type, on_set, "set");
  add(type, on_note, "note");
  add(type, on_load, "load");
  add(type, on_steal, "steal");
  add(type, on_stop, "stop", A_DEFFLOAT);
  add(type, on_voices, "voices");
  add(type, on_latency, "latency");
  add(type, on_fade, "fade");
  add(type, on_duration, "duration");
  add(type, on_gain, "gain");
  add(type, on_offline, "offline");
  add(type, on_clip, "clip");
  add(type, on_level, "level");
  add(type, on_limit, "limit");
  add(type, on_panic, "panic");
  add(type, on_describe, "describe");
  add(type, tell_version, "version");
  add(type, tell_stats, "stats");
}

}  // namespace wae
