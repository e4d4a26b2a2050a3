// Models that several objects share. A file is known by its identity, not by its name: the same file under
// two names is loaded once, and a file that was written anew is loaded again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/model.hpp"

namespace wae {

class ModelCache {
 public:
  using Load = std::function<std::shared_ptr<const Model>(const std::string& path)>;

  explicit ModelCache(Load load) : load_(std::move(load)) {}
  // The workers'; one loads at a time.
  std::shared_ptr<const Model> get(const std::string& path);

 private:
  Load load_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const Model>> models_;
};

}  // namespace wae
