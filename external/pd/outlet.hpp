// Outlets of objects that may be deleted by what they send.
//
// Pd walks along an outlet's wires while it sends, and reads the next wire after each target has returned: if the target
// deleted the object, that wire is freed memory. Here each wire is looked up anew, and nothing is touched once the object is gone.
#pragma once

#include <memory>
#include <vector>

#include <m_pd.h>

namespace wae {

class Life {
 public:
  void end() { *alive_ = false; }  // by the object's destructor
  std::shared_ptr<const bool> alive() const { return alive_; }

 private:
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Sends by outlet number `which`; false once the object is gone: then its memory is not to be touched any more.
// selector null: a list.
bool send(t_object* object, int which, const Life& life, t_symbol* selector, std::vector<t_atom> atoms);

}  // namespace wae
