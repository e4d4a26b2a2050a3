// The object of a package: it finds libtorch, then loads wae-sampler-core.so, which lies beside it and needs
// it.
//
// Where libtorch is, in this order: already in this process (nn~ brought it); $LIBTORCH; the active virtual
// environment; the torch of python3 on the PATH; the system's folders. No folder is written into the package.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <glob.h>
#include <m_pd.h>

namespace {

constexpr const char* kLibraries[] = {"libc10.so", "libtorch_cpu.so", "libtorch.so"};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

void add_matches(std::vector<std::string>& folders, const std::string& pattern) {
  glob_t found;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc; ++i) folders.push_back(found.gl_pathv[i]);
  globfree(&found);
}

std::string python_folder() {
  std::string text;
  FILE* pipe = popen(
      "python3 -c \"import importlib.util as u, os; s = u.find_spec('torch');"
      " print(os.path.join(os.path.dirname(s.origin), 'lib') if s else '', end='')\" 2>/dev/null",
      "r");
  if (!pipe) return text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  pclose(pipe);
  return text;
}

std::vector<std::string> candidates() {
  std::vector<std::string> folders;
  const std::string named = environment("LIBTORCH"), active = environment("VIRTUAL_ENV");
  if (!named.empty()) folders.insert(folders.end(), {named, named + "/lib"});
  if (!active.empty()) add_matches(folders, active + "/lib/python3*/site-packages/torch/lib");
  if (const std::string python = python_folder(); !python.empty()) folders.push_back(python);
  folders.insert(folders.end(),
                 {"/usr/local/lib", "/usr/local/libtorch/lib", "/opt/libtorch/lib", "/usr/lib"});
  return folders;
}

bool open_all(const std::string& folder) {
  for (const char* library : kLibraries)
    if (!dlopen((folder + "/" + library).c_str(), RTLD_NOW | RTLD_GLOBAL)) return false;
  return true;
}

bool find_libtorch() {
  if (dlopen("libtorch_cpu.so", RTLD_NOW | RTLD_NOLOAD)) return true;
  for (const std::string& folder : candidates())
    if (open_all(folder)) return true;
  return false;
}

std::string beside_this(const char* file) {
  Dl_info info;
  dladdr(reinterpret_cast<void*>(&find_libtorch), &info);
  const std::string path = info.dli_fname;
  return path.substr(0, path.rfind('/') + 1) + file;
}

void load() {
  static bool tried = false;
  if (tried) return;  // Pd may come by both names
  tried = true;
  if (!find_libtorch())
    return pd_error(
        nullptr,
        "wae-sampler: no libtorch found. Install torch for python3 (pip install torch), start Pd from"
        " its virtual environment, or set LIBTORCH to the folder of a libtorch.");
  void* core = dlopen(beside_this("wae-sampler-core.so").c_str(), RTLD_NOW);
  if (!core) return pd_error(nullptr, "wae-sampler: this libtorch does not fit: %s", dlerror());
  reinterpret_cast<void (*)()>(dlsym(core, "setup_wae0x2dsampler"))();
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void setup_wae0x2dsampler() { load(); }
extern "C" __attribute__((visibility("default"))) void setup_wae0x2dsampler_tilde() { load(); }
extern "C" __attribute__((visibility("default"))) void setup_wae0x2dpattern() { load(); }
