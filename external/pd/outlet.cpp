#include "pd/outlet.hpp"

// Of m_imp.h, which Pd exports to externals but does not ask them to include.
extern "C" {
t_outconnect* obj_starttraverseoutlet(const t_object* object, t_outlet** outlet, int which);
t_outconnect* obj_nexttraverseoutlet(t_outconnect* last, t_object** target, t_inlet** inlet, int* which);
}

namespace wae {
namespace {

// An inlet that is not the first one takes messages itself, and begins with its class as every receiver does.
std::vector<t_pd*> targets(t_object* object, int which) {
  std::vector<t_pd*> found;
  t_outlet* outlet = nullptr;
  t_outconnect* wire = obj_starttraverseoutlet(object, &outlet, which);
  while (wire) {
    t_object* target = nullptr;
    t_inlet* inlet = nullptr;
    int number = 0;
    wire = obj_nexttraverseoutlet(wire, &target, &inlet, &number);
    found.push_back(inlet ? reinterpret_cast<t_pd*>(inlet) : &target->ob_pd);
  }
  return found;
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
  for (t_pd* target : targets(object, which)) {
    const int count = static_cast<int>(atoms.size());
    if (selector)
      pd_typedmess(target, selector, count, atoms.data());
    else
      pd_list(target, &s_list, count, atoms.data());
    if (!*alive) return false;
  }
  return true;
}

}  // namespace wae
