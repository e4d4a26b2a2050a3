// The status outlet and the console.
#include "pd/object.hpp"

#include <algorithm>

#include "torch/torch_model.hpp"

extern "C" {
// Pd exports these without declaring them in m_pd.h.
struct _outconnect;
_outconnect* obj_starttraverseoutlet(const t_object* x, t_outlet** op, int nout);
_outconnect* obj_nexttraverseoutlet(_outconnect* lastconnect, t_object** destp, t_inlet** inletp, int* whichp);
}

namespace wae {
namespace {

constexpr double kPollMs = 3;
constexpr size_t kMostARound = 128;  // messages; a loop through the status outlet leaves time for all else

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
  x->inside->told.push_back({gensym(what), std::move(atoms)});
  watch(x);
}

// The k-th box wired to the status outlet, as what takes its messages; null behind the last.
t_pd* receiver(Object* x, int k) {
  t_outlet* outlet = nullptr;
  t_object* box = nullptr;
  t_inlet* inlet = nullptr;
  int which = 0;
  _outconnect* at = obj_starttraverseoutlet(&x->pd, &outlet, 1);
  for (int i = 0; at; ++i) {
    at = obj_nexttraverseoutlet(at, &box, &inlet, &which);
    if (i == k) return inlet ? reinterpret_cast<t_pd*>(inlet) : &box->ob_pd;
  }
  return nullptr;
}

// False where the message led to the end of the object. outlet_anything() would go on along the freed wires.
bool emit(Object* x, Told& message) {
  const auto alive = x->inside->alive;
  for (int k = 0; t_pd* to = receiver(x, k); ++k) {
    pd_typedmess(to, message.selector, static_cast<int>(message.atoms.size()), message.atoms.data());
    if (!*alive) return false;
  }
  return true;
}

void tell_loaded(Object* x, const Report& report) {
  const ModelInfo& info = *report.info;
  tell(x, "loaded",
       {symbol(report.text), symbol("controls"), number(static_cast<double>(info.controls.size())),
        symbol("rate"), number(info.sample_rate), symbol("samples"), number(info.samples)});
}

void tell_controls(Object* x, const Report& report) {
  if (!report.info) tell_error(x, "no model is loaded");
  for (size_t i = 0; report.info && i < report.info->controls.size(); ++i) {
    const Control& control = report.info->controls[i];
    tell(x, "control",
         {number(static_cast<double>(i)), symbol(control.name), symbol(control.unit), number(control.min),
          number(control.max), number(control.initial)});
  }
  tell(x, "controls-end", {});
}

void tell(Object* x, const Report& report) {
  switch (report.kind) {
    case Report::Kind::ready:
      return tell(x, "ready", {number(report.id), number(report.ms)});
    case Report::Kind::done:
      return tell(x, "done", {number(report.id)});
    case Report::Kind::dropped:
      return tell(x, "dropped", {number(report.id), symbol(report.text)});
    case Report::Kind::error:
      // A load that a later one has overtaken is no trouble: the outlet is told, the console is not.
      if (report.text.find(": skipped, as another") != std::string::npos)
        return tell(x, "error", {symbol(report.text)});
      return tell_error(x, report.text);
    case Report::Kind::loaded:
      return tell_loaded(x, report);
    case Report::Kind::described:
      return tell_controls(x, report);
  }
}

}  // namespace

void poll(Object* x) {
  Inside& inside = *x->inside;
  Report report;
  inside.polling = true;  // what is told from here on needs no new call
  while (inside.engine->next(report)) tell(x, report);
  // What the receivers cause is told in the next round, so that no loop of messages can hold up time.
  for (size_t left = std::min(inside.told.size(), kMostARound); left > 0; --left) {
    Told message = std::move(inside.told.front());
    inside.told.pop_front();
    if (!emit(x, message)) return;
  }
  inside.polling = inside.engine->busy() || !inside.told.empty();
  if (inside.polling) clock_delay(x->clock, kPollMs);
}

void watch(Object* x) {
  if (x->inside->polling) return;
  x->inside->polling = true;
  clock_delay(x->clock, 0);
}

double host_ms(const Object* x) { return clock_gettimesince(x->inside->origin); }

void tell_error(Object* x, const std::string& text) {
  pd_error(x, "wae-sampler: %s", text.c_str());
  tell(x, "error", {symbol(text)});
}

void tell_version(Object* x) {
  tell(x, "version",
       {symbol(WAE_VERSION), symbol("libtorch"), symbol(torch_version()), symbol(torch_path())});
}

void tell_stats(Object* x) {
  const Stats stats = x->inside->engine->stats();
  const auto entry = [x](const char* name, double value) { tell(x, "stats", {symbol(name), number(value)}); };
  entry("triggered", stats.triggered);
  entry("rendered", stats.rendered);
  entry("done", stats.done);
  entry("dropped", stats.dropped);
  entry("late", stats.late);
  entry("gaps", stats.gaps);
  entry("stolen", stats.stolen);
  entry("queue", stats.queue);
  entry("sounding", stats.sounding);
  entry("render-median-ms", stats.median_ms);
  entry("render-p99-ms", stats.p99_ms);
  tell(x, "stats-end", {});
}

}  // namespace wae
