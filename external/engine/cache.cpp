#include "engine/cache.hpp"

#include <sys/stat.h>

namespace wae {
namespace {

// Device, inode, size and time of the last change; "" where the file cannot be asked, which the loader then
// reports.
std::string identity(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return "";
  std::string key;
#ifdef _WIN32
  key = path + '/';  // no inodes there
#endif
  key += std::to_string(status.st_dev) + '/' + std::to_string(status.st_ino) + '/' +
         std::to_string(status.st_size) + '/' + std::to_string(status.st_mtime);
#ifdef __linux__
  key += '.' + std::to_string(status.st_mtim.tv_nsec);
#endif
  return key;
}

}  // namespace

std::shared_ptr<const Model> ModelCache::get(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string key = identity(path);
  if (const auto found = models_.find(key); found != models_.end())
    if (auto model = found->second.lock()) return model;
  auto model = load_(path);
  for (auto entry = models_.begin(); entry != models_.end();)
    entry = entry->second.expired() ? models_.erase(entry) : std::next(entry);
  if (!key.empty()) models_[key] = model;
  return model;
}

}  // namespace wae
