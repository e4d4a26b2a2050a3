// The Pure Data object: a thin dress of wae::Engine. Nothing here knows Torch, but what torch_model.hpp,
// which includes none of it, declares.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <m_pd.h>

#include "engine/engine.hpp"
#include "engine/pattern_engine.hpp"

namespace wae {

// A status message that waits to leave.
struct Told {
  t_symbol* selector;
  std::vector<t_atom> atoms;
};

// Pd allocates the object as plain zeroed memory, so what has constructors lies behind one pointer.
struct Inside {
  std::unique_ptr<Engine> engine;
  Note last;                 // what bang repeats, and where note plays; its duration is that of all notes
  std::vector<float> block;  // where Pd's samples are doubles
  double ticked = 0;         // logical time of the block computed last
  double block_ms = 0;       // its length
  bool polling = false;
  double origin = 0;                                         // logical time at creation
  std::deque<Told> told;                                     // what poll will say
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // false once the object is deleted
};

struct Object {
  t_object pd;
  t_outlet* status;
  t_clock* clock;
  t_canvas* canvas;
  Inside* inside;
};

// messages.cpp
void add_messages(t_class* type);
double offset(
    const Object* x);  // samples from the next block's beginning to the logical time of this message

// status.cpp
// Only poll() calls the outlet, and it runs from a clock: whoever gets a message may delete the object, or the patch
// around it, and nothing of either is touched afterwards.
void poll(Object* x);   // tells what happened, and comes back while something is going on
void watch(Object* x);  // begins to poll
double host_ms(const Object* x);  // since creation, also while no audio is computed
void tell_error(Object* x, const std::string& text);
void tell_version(Object* x);
void tell_stats(Object* x);

// shared.cpp
void wake_shared();  // once, before the first object
std::unique_ptr<Engine> make_engine(int voices);
void retire_engine(std::unique_ptr<Background> engine);
std::unique_ptr<PatternEngine> make_pattern_engine();

// pattern.cpp
void set_up_pattern();  // may be called again

}  // namespace wae
