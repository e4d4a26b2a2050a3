// Creation, audio and end of a [wae-sampler].
#include "pd/object.hpp"

#include <algorithm>
#include <type_traits>

namespace wae {
namespace {

t_class* the_class;

// [wae-sampler FILE VOICES @message values...]: a flag is the message of its name.
void arguments(Object* x, int count, t_atom* atoms) {
  int first = 0;
  const auto flag = [&](int i) {
    return atoms[i].a_type == A_SYMBOL && atoms[i].a_w.w_symbol->s_name[0] == '@';
  };
  t_symbol* file = nullptr;
  for (; first < count && !flag(first); ++first) {
    if (atoms[first].a_type == A_SYMBOL)
      file = atoms[first].a_w.w_symbol;
    else
      pd_typedmess(&x->pd.ob_pd, gensym("voices"), 1, &atoms[first]);
  }
  while (first < count) {
    int next = first + 1;
    while (next < count && !flag(next)) ++next;
    pd_typedmess(&x->pd.ob_pd, gensym(atoms[first].a_w.w_symbol->s_name + 1), next - first - 1,
                 atoms + first + 1);
    first = next;
  }
  t_atom atom;
  SETSYMBOL(&atom, file);
  if (file) pd_typedmess(&x->pd.ob_pd, gensym("load"), 1, &atom);
}

void* make(t_symbol*, int count, t_atom* atoms) {
  auto* x = reinterpret_cast<Object*>(pd_new(the_class));
  outlet_new(&x->pd, &s_signal);
  x->status = outlet_new(&x->pd, nullptr);
  x->clock = clock_new(x, reinterpret_cast<t_method>(poll));
  x->canvas = canvas_getcurrent();
  x->inside = new Inside;
  x->inside->origin = clock_getlogicaltime();
  x->inside->engine = make_engine(16);
  x->inside->engine->set_rate(sys_getsr());
  arguments(x, count, atoms);
  return x;
}

void dispose(Object* x) {
  *x->inside->alive = false;
  clock_free(x->clock);
  retire_engine(std::move(x->inside->engine));
  delete x->inside;
}

[[maybe_unused]] void compute(Inside& inside, float* out, int n) { inside.engine->perform(out, n); }

[[maybe_unused]] void compute(Inside& inside, double* out,
                              int n) {  // where Pd was built for double precision
  inside.engine->perform(inside.block.data(), n);
  std::copy(inside.block.data(), inside.block.data() + n, out);
}

t_int* perform(t_int* w) {
  auto* x = reinterpret_cast<Object*>(w[1]);
  auto* out = reinterpret_cast<t_sample*>(w[2]);
  const int n = static_cast<int>(w[3]);
  Inside& inside = *x->inside;
  inside.ticked = clock_getlogicaltime();
  inside.engine->set_clock(host_ms(x));
  compute(inside, out, n);
  return w + 4;
}

// Also after each change of block size or rate, and never while audio is computed.
void dsp(Object* x, t_signal** signals) {
  const int n = signals[0]->s_n;
  x->inside->engine->set_rate(signals[0]->s_sr);
  x->inside->block.resize(std::is_same_v<t_sample, float> ? 0 : n);
  x->inside->block_ms = 1000.0 * n / signals[0]->s_sr;
  dsp_add(perform, 3, x, signals[0]->s_vec, static_cast<t_int>(n));
  watch(x);
}

void set_up() {
  if (the_class) return;  // Pd may reach this by both names
  wake_shared();
  const auto maker = reinterpret_cast<t_newmethod>(reinterpret_cast<void (*)()>(make));
  the_class = class_new(gensym("wae-sampler"), maker, reinterpret_cast<t_method>(dispose), sizeof(Object),
                        CLASS_DEFAULT, A_GIMME, A_NULL);
  class_addcreator(maker, gensym("wae-sampler~"), A_GIMME, A_NULL);
  class_addmethod(the_class, reinterpret_cast<t_method>(dsp), gensym("dsp"), A_CANT, A_NULL);
  class_sethelpsymbol(the_class, gensym("wae-sampler"));
  add_messages(the_class);
  set_up_pattern();
}

}  // namespace
}  // namespace wae

#ifdef _WIN32
#define WAE_EXPORT extern "C" __declspec(dllexport)
#else
#define WAE_EXPORT extern "C" __attribute__((visibility("default")))
#endif

WAE_EXPORT void setup_wae0x2dsampler() { wae::set_up(); }
WAE_EXPORT void setup_wae0x2dsampler_tilde() { wae::set_up(); }
