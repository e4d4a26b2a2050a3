// [wae-pattern FILE @message values...]: a list of controls -> the events of a pattern.
//
// Left outlet: begin N, then a list for each event (beat voice pitch velocity length; pitch -1: none), then done.
// Right outlet: loaded, ready, error, control ..., voice ..., version.
#include <algorithm>
#include <cmath>

#include "pd/object.hpp"
#include "pd/outlet.hpp"
#include "torch/torch_model.hpp"

#ifdef _WIN32
#include <io.h>
#define WAE_EXPORT extern "C" __declspec(dllexport)
#else
#define WAE_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace wae {
namespace {

constexpr double kPollMs = 3;
constexpr int kEvents = 0, kStatus = 1;  // outlets

t_class* the_class;

// Shared with whoever is in the middle of sending, so that a deletion meanwhile takes nothing away.
struct State {
  std::unique_ptr<PatternEngine> engine;
  std::vector<float> values;  // what bang repeats
  std::shared_ptr<const PatternInfo> info;
  Life life;
  bool offline = false, polling = false, asked_version = false;
};

struct PatternObject {
  t_object pd;
  t_clock* clock;
  t_canvas* canvas;
  std::shared_ptr<State>* state;
};

State& state(PatternObject* x) { return **x->state; }

t_atom symbol(const std::string& text) {
  t_atom atom;
  SETSYMBOL(&atom, gensym(text.c_str()));
  return atom;
}

t_atom number(double value) {
  t_atom atom;
  SETFLOAT(&atom, static_cast<t_float>(value));
  return atom;
}

bool tell(PatternObject* x, const char* what, std::vector<t_atom> atoms) {
  const std::shared_ptr<State> kept = *x->state;
  return send(&x->pd, kStatus, kept->life, gensym(what), std::move(atoms));
}

bool tell_error(PatternObject* x, const std::string& text) {
  pd_error(x, "wae-pattern: %s", text.c_str());
  return tell(x, "error", {symbol(text)});
}

bool tell_version(PatternObject* x) {
  return tell(x, "version",
              {symbol(WAE_VERSION), symbol("libtorch"), symbol(torch_version()), symbol(torch_path())});
}

bool tell_loaded(PatternObject* x, const PatternReport& report) {
  const PatternInfo& info = *report.info;
  state(x).info = report.info;
  return tell(x, "loaded",
              {symbol(report.text), symbol("controls"), number(static_cast<double>(info.controls.size())),
               symbol("beats"), number(info.beats), symbol("voices"),
               number(static_cast<double>(info.voices.size()))});
}

bool tell_controls(PatternObject* x, const PatternInfo& info) {
  for (size_t i = 0; i < info.controls.size(); ++i) {
    const Control& control = info.controls[i];
    if (!tell(x, "control",
              {number(static_cast<double>(i)), symbol(control.name), symbol(control.unit), number(control.min),
               number(control.max), number(control.initial)}))
      return false;
  }
  return tell(x, "controls-end", {});
}

bool tell_voices(PatternObject* x, const PatternInfo& info) {
  for (size_t i = 0; i < info.voices.size(); ++i) {
    const t_atom index = number(static_cast<double>(i));
    if (!tell(x, "voice", {index, symbol(info.voices[i])})) return false;
    std::vector<t_atom> point{index};
    for (const float value : info.points[i]) point.push_back(number(value));
    if (point.size() > 1 && !tell(x, "point", point)) return false;
  }
  return tell(x, "voices-end", {});
}

bool tell_described(PatternObject* x, const PatternReport& report) {
  if (!report.info) return tell_error(x, "no file is loaded");
  return tell_controls(x, *report.info) && tell_voices(x, *report.info);
}

bool tell_events(PatternObject* x, const PatternReport& report) {
  const std::shared_ptr<State> kept = *x->state;
  const auto out = [&](t_symbol* selector, std::vector<t_atom> atoms) {
    return send(&x->pd, kEvents, kept->life, selector, std::move(atoms));
  };
  if (!tell(x, "ready", {number(report.ms)})) return false;
  const size_t count = report.rows.size() / kEventFields;
  if (!out(gensym("begin"), {number(static_cast<double>(count))})) return false;
  for (size_t i = 0; i < count; ++i) {
    const float* row = report.rows.data() + i * kEventFields;
    const double pitch = std::isnan(row[2]) ? -1 : row[2];
    if (!out(nullptr, {number(row[0]), number(row[1]), number(pitch), number(row[3]), number(row[4])})) return false;
  }
  return out(gensym("done"), {});
}

bool tell(PatternObject* x, const PatternReport& report) {
  switch (report.kind) {
    case PatternReport::Kind::loaded:
      return tell_loaded(x, report);
    case PatternReport::Kind::described:
      return tell_described(x, report);
    case PatternReport::Kind::events:
      return tell_events(x, report);
    case PatternReport::Kind::error:
      return tell_error(x, report.text);
  }
  return true;
}

// Everything is sent from here, which the clock calls: from inside a message to the object, a deletion would free the
// boxes that the message has come through. Offline, the answer comes in the same logical time as the question.
void poll(PatternObject* x) {
  const std::shared_ptr<State> kept = *x->state;
  kept->polling = false;
  if (kept->asked_version) {
    kept->asked_version = false;
    if (!tell_version(x)) return;
  }
  if (kept->offline) kept->engine->wait();
  PatternReport report;
  while (kept->engine->next(report))
    if (!tell(x, report)) return;
  if (!kept->polling && kept->engine->busy()) {
    kept->polling = true;
    clock_delay(x->clock, kept->offline ? 0 : kPollMs);
  }
}

void watch(PatternObject* x) {
  if (state(x).polling && !state(x).offline) return;
  state(x).polling = true;
  clock_delay(x->clock, 0);
}

void refuse(PatternObject* x, const std::string& why) {
  state(x).engine->refuse(why);
  watch(x);
}

std::string place(PatternObject* x, int index) {
  const auto& info = state(x).info;
  return info && index < static_cast<int>(info->controls.size()) ? info->controls[index].name
                                                                  : "value " + std::to_string(index + 1);
}

void on_list(PatternObject* x, t_symbol*, int count, t_atom* atoms) {
  std::vector<float> values;
  for (int i = 0; i < count; ++i) {
    const bool is_number = atoms[i].a_type == A_FLOAT;
    const double value = is_number ? atom_getfloat(&atoms[i]) : 0;
    if (!is_number || !std::isfinite(value)) {
      return refuse(x, "list: " + place(x, i) + ": expected a number, got " +
                           (is_number ? (value > 0 ? "infinity" : value < 0 ? "-infinity" : "NaN") : atom_getsymbol(&atoms[i])->s_name));
    }
    values.push_back(static_cast<float>(value));
  }
  if (count > 0) state(x).values = values;  // an empty list is a bang
  state(x).engine->render(state(x).values);
  watch(x);
}

void on_bang(PatternObject* x) { on_list(x, nullptr, 0, nullptr); }

void on_load(PatternObject* x, t_symbol* file) {
  char folder[MAXPDSTRING], *name = nullptr;
  const int descriptor = canvas_open(x->canvas, file->s_name, "", folder, &name, MAXPDSTRING, 1);
  if (descriptor < 0)
    return refuse(x, std::string(file->s_name) + ": no such file beside the patch or along Pd's paths");
  sys_close(descriptor);
  state(x).engine->load(std::string(folder) + "/" + name);
  watch(x);
}

void on_describe(PatternObject* x) {
  state(x).engine->describe();
  watch(x);
}

void on_offline(PatternObject* x, t_float on) { state(x).offline = on != 0; }

void on_version(PatternObject* x) {
  state(x).asked_version = true;
  watch(x);
}

// Flags come before the file, so that "offline" holds for its load.
void arguments(PatternObject* x, int count, t_atom* atoms) {
  t_symbol* file = nullptr;
  for (int first = 0; first < count;) {
    if (atoms[first].a_type != A_SYMBOL || atoms[first].a_w.w_symbol->s_name[0] != '@') {
      if (atoms[first].a_type == A_SYMBOL) file = atoms[first].a_w.w_symbol;
      ++first;
      continue;
    }
    const int next = std::min(first + 2, count);
    pd_typedmess(&x->pd.ob_pd, gensym(atoms[first].a_w.w_symbol->s_name + 1), next - first - 1, atoms + first + 1);
    first = next;
  }
  if (file) on_load(x, file);
}

void* make(t_symbol*, int count, t_atom* atoms) {
  auto* x = reinterpret_cast<PatternObject*>(pd_new(the_class));
  outlet_new(&x->pd, nullptr);
  outlet_new(&x->pd, nullptr);
  x->clock = clock_new(x, reinterpret_cast<t_method>(poll));
  x->canvas = canvas_getcurrent();
  x->state = new std::shared_ptr<State>(std::make_shared<State>());
  state(x).engine = make_pattern_engine();
  arguments(x, count, atoms);
  return x;
}

void dispose(PatternObject* x) {
  clock_free(x->clock);
  state(x).life.end();
  retire_engine(std::move(state(x).engine));
  delete x->state;
}

template <class Method>
void add(Method method, const char* name, t_atomtype kind = A_NULL) {
  class_addmethod(the_class, reinterpret_cast<t_method>(method), gensym(name), kind, A_NULL);
}

}  // namespace

void set_up_pattern() {
  if (the_class) return;
  wake_shared();
  const auto maker = reinterpret_cast<t_newmethod>(reinterpret_cast<void (*)()>(make));
  the_class = class_new(gensym("wae-pattern"), maker, reinterpret_cast<t_method>(dispose), sizeof(PatternObject),
                        CLASS_DEFAULT, A_GIMME, A_NULL);
  class_sethelpsymbol(the_class, gensym("wae-pattern"));
  class_addlist(the_class, reinterpret_cast<t_method>(on_list));
  class_addbang(the_class, reinterpret_cast<t_method>(on_bang));
  add(on_load, "load", A_SYMBOL);
  add(on_describe, "describe");
  add(on_offline, "offline", A_FLOAT);
  add(on_version, "version");
}

}  // namespace wae

WAE_EXPORT void setup_wae0x2dpattern() { wae::set_up_pattern(); }
