// What the inlet understands.
#include <algorithm>
#include <cmath>
#include <limits>

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

// False, and an error on the console, where an atom is no finite number.
bool numbers(Object* x, const char* message, int count, const t_atom* atoms, std::vector<float>& values) {
  values.clear();
  for (int i = 0; i < count; ++i) {
    const double value =
        atoms[i].a_type == A_FLOAT ? atom_getfloat(&atoms[i]) : std::numeric_limits<double>::quiet_NaN();
    if (!std::isfinite(value)) {
      tell_error(x, std::string(message) + ": expected numbers only, got another thing at place " +
                        std::to_string(i + 1));
      return false;
    }
    values.push_back(static_cast<float>(value));
  }
  return true;
}

void play(Object* x, const Note& note) {
  engine(x).play(note, offset(x));
  watch(x);
}

void on_list(Object* x, t_symbol*, int count, t_atom* atoms) {
  std::vector<float> values;
  if (!numbers(x, "list", count, atoms, values)) return;
  x->inside->last.values = values;
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
  const int key = values.size() == 3 ? 1 + static_cast<int>(values[2])
                                     : -1 - static_cast<int>(std::lround(values[0] * 100));
  if (values[1] <= 0) return engine(x).release(key, offset(x));
  Note note = x->inside->last;
  note.has_pitch = true;
  note.pitch = values[0];
  note.gain = values[1] / 127;
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
  engine(x).stop(static_cast<int>(id), offset(x));
  watch(x);
}

void on_panic(Object* x) {
  engine(x).panic();
  watch(x);
}

void on_voices(Object* x, t_float count) {
  if (!(count >= 1 && count <= kMaxVoices))
    return tell_error(
        x, "voices: expected 1 to " + std::to_string(kMaxVoices) + ", got " + std::to_string(count));
  engine(x).set_voices(static_cast<int>(count));
  watch(x);
}

void on_latency(Object* x, t_float ms) {
  if (!(ms >= 0 && ms <= 60000))
    return tell_error(x, "latency: expected 0 to 60000 ms, got " + std::to_string(ms));
  engine(x).set_latency(ms);
}

void on_fade(Object* x, t_float ms) {
  if (!(ms >= 0 && ms <= 60000))
    return tell_error(x, "fade: expected 0 to 60000 ms, got " + std::to_string(ms));
  engine(x).set_fade(ms);
}

void on_gain(Object* x, t_float gain) {
  if (!std::isfinite(gain)) return tell_error(x, "gain: expected a number");
  engine(x).set_gain(gain);
}

void on_duration(Object* x, t_float ms) {
  if (!(ms >= 0 && ms <= 3600000))
    return tell_error(x, "duration: expected 0 (whole notes) to 3600000 ms, got " + std::to_string(ms));
  x->inside->last.duration_ms = ms;
}

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
  add(type, on_panic, "panic");
  add(type, on_describe, "describe");
  add(type, tell_version, "version");
  add(type, tell_stats, "stats");
}

}  // namespace wae
