#include "pd/outlet.hpp"

// Of m_imp.h, which Pd exports to externals but does not ask them to include.
extern "C" {
t_outconnect* obj_starttraverseoutlet(const t_object* object, t_outlet** outlet, int which);
t_outconnect* obj_nexttraverseoutlet(t_outconnect* last, t_object** target, t_inlet** inlet, int* which);
}

namespace wae {
namespace {

// What the k-th wire of an outlet leads to, or null. An inlet that is not the first one takes messages itself, and begins
// with its class as every receiver does.
t_pd* target(t_object* object, int which, int k) {
  t_outlet* outlet = nullptr;
  t_outconnect* wire = obj_starttraverseoutlet(object, &outlet, which);
  for (int i = 0; wire; ++i) {
    t_object* box = nullptr;
    t_inlet* inlet = nullptr;
    int number = 0;
    wire = obj_nexttraverseoutlet(wire, &box, &inlet, &number);
    if (i == k) return inlet ? reinterpret_cast<t_pd*>(inlet) : &box->ob_pd;
  }
  return nullptr;
}

// A patch that sends an object's output back into it would nest until the stack ends.
struct Depth {
  static inline int now = 0;
  Depth() { ++now; }
  ~Depth() { --now; }
};
constexpr int kDeepest = 200;

}  // namespace

bool send(t_object* object, int which, const Life& life, t_symbol* selector, std::vector<t_atom> atoms) {
  const std::shared_ptr<const bool> alive = life.alive();
  const Depth depth;
  if (Depth::now > kDeepest) {
    pd_error(object, "wae-pattern: stack overflow: its output comes back to its inlet");
    return true;
  }
  for (int k = 0; t_pd* to = target(object, which, k); ++k) {
    const int count = static_cast<int>(atoms.size());
    if (selector)
      pd_typedmess(to, selector, count, atoms.data());
    else
      pd_list(to, &s_list, count, atoms.data());
    if (!*alive) return false;
  }
  return true;
}

}  // namespace wae
