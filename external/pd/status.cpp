// The status outlet and the console.
#include <cmath>
#include <sstream>

#include "pd/object.hpp"

namespace wae {
namespace {

constexpr double kPollMs = 3;

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

void tell(Object* x, const char* what, std::vector<t_atom> atoms) {
  outlet_anything(x->status, gensym(what), static_cast<int>(atoms.size()), atoms.data());
}

// A sentence becomes a list of words, as Pd prints and routes them.
void append_words(std::vector<t_atom>& atoms, const std::string& text) {
  std::istringstream words(text);
  for (std::string word; words >> word;) atoms.push_back(symbol(word));
}

void tell_loaded(Object* x, const Report& report) {
  const ModelInfo& info = *report.info;
  tell(x, "loaded", {symbol(report.text), symbol("controls"), number(static_cast<double>(info.controls.size())), symbol("rate"),
                     number(info.sample_rate), symbol("samples"), number(info.samples)});
}

void tell_controls(Object* x, const Report& report) {
  if (!report.info) tell_error(x, "no model is loaded");
  for (size_t i = 0; report.info && i < report.info->controls.size(); ++i) {
    const Control& control = report.info->controls[i];
    tell(x, "control", {number(static_cast<double>(i)), symbol(control.name), symbol(control.unit), number(control.min), number(control.max), number(control.initial)});
  }
  tell(x, "controls-end", {});
}

void tell_dropped(Object* x, const Report& report) {
  std::vector<t_atom> atoms{number(report.id)};
  append_words(atoms, report.text);
  tell(x, "dropped", atoms);
}

void tell(Object* x, const Report& report) {
  switch (report.kind) {
    case Report::Kind::ready: return tell(x, "ready", {number(report.id), number(report.ms)});
    case Report::Kind::done: return tell(x, "done", {number(report.id)});
    case Report::Kind::dropped: return tell_dropped(x, report);
    case Report::Kind::error: return tell_error(x, report.text);
    case Report::Kind::loaded: return tell_loaded(x, report);
    case Report::Kind::described: return tell_controls(x, report);
  }
}

}  // namespace

void poll(Object* x) {
  Report report;
  while (x->inside->engine->next(report)) tell(x, report);
  x->inside->polling = x->inside->engine->busy();
  if (x->inside->polling) clock_delay(x->clock, kPollMs);
}

void watch(Object* x) {
  if (x->inside->polling) return;
  x->inside->polling = true;
  clock_delay(x->clock, 0);
}

void tell_error(Object* x, const std::string& text) {
  pd_error(x, "wae-sampler: %s", text.c_str());
  std::vector<t_atom> atoms;
  append_words(atoms, text);
  tell(x, "error", atoms);
}

void tell_version(Object* x) {
  std::vector<t_atom> atoms{symbol(WAE_VERSION), symbol("libtorch")};
  append_words(atoms, torch_in_use());
  tell(x, "version", atoms);
}

void tell_stats(Object* x) {
  const Stats stats = x->inside->engine->stats();
  tell(x, "stats",
       {symbol("rendered"), number(stats.rendered), symbol("dropped"), number(stats.dropped), symbol("late"),
        number(stats.late), symbol("stolen"), number(stats.stolen), symbol("gaps"), number(stats.gaps), symbol("median"),
        number(stats.median_ms), symbol("p99"), number(stats.p99_ms), symbol("queue"), number(stats.queue)});
}

}  // namespace wae
