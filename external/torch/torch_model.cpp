#include "torch/torch_model.hpp"

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/version.h>

#include <ATen/Parallel.h>
#include <ATen/ops/conv_transpose1d.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#ifndef _WIN32
#include <dlfcn.h>
#endif

#include <cstdio>
#include <cstring>
#include <mutex>
#include <sstream>

#include "engine/archive.hpp"
#include "engine/metadata.hpp"

namespace wae {
namespace {

// The setting is per thread, and two threads on a busy machine are 3 to 20 times slower than one.
void one_thread() {
  thread_local const bool set = (at::set_num_threads(1), true);
  (void)set;
}

std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

// A raise in the model's own code arrives after a trace; the last line that is not empty says what happened.
std::string last_line(const std::exception& error) {
  std::istringstream lines(error.what());
  std::string line, last;
  while (std::getline(lines, line))
    if (line.find_first_not_of(" \t~^<-H") != std::string::npos && line.find("frame #") == std::string::npos)
      last = line;
  return last;
}

std::string shape(const at::Tensor& tensor) {
  std::ostringstream text;
  text << tensor.sizes();
  return text.str();
}

// Copies a (1, count) float tensor; anything else is an error of the model.
void copy_checked(const c10::IValue& value, int count, const char* method, float* out) {
  if (!value.isTensor()) throw ModelError(std::string(method) + " returned no tensor but " + value.tagKind());
  const at::Tensor tensor = value.toTensor();
  if (tensor.dim() != 2 || tensor.size(0) != 1 || tensor.size(1) != count)
    throw ModelError(std::string(method) + " returned " + shape(tensor) + ", expected [1, " +
                     std::to_string(count) + "]");
  const at::Tensor samples = tensor.to(at::kCPU, at::kFloat).contiguous();
  if (!at::isfinite(samples).all().item<bool>())
    throw ModelError(std::string(method) + " returned NaN or infinity");
  std::memcpy(out, samples.const_data_ptr<float>(), sizeof(float) * count);
}

template <class Call>
auto guarded(const char* method, Call call) {
  one_thread();
  c10::InferenceMode inference;
  try {
    return call();
  } catch (const ModelError&) {
    throw;
  } catch (const std::exception& error) {
    throw ModelError(std::string(method) + " failed: " + last_line(error));
  }
}

at::Tensor row(const std::vector<float>& controls) {
  return at::tensor(at::ArrayRef<float>(controls)).unsqueeze(0);  // (1, K)
}

class WholeRendering final : public Rendering {
 public:
  WholeRendering(const torch::jit::Module& module, const ModelInfo& info, const std::vector<float>& controls)
      : module_(module), samples_(info.samples), controls_(controls) {}
  int next(float* out) override {
    guarded("forward",
            [&] { copy_checked(module_.get_method("forward")({row(controls_)}), samples_, "forward", out); });
    return samples_;
  }

 private:
  const torch::jit::Module& module_;
  int samples_;
  std::vector<float> controls_;
};

class ChunkRendering final : public Rendering {
 public:
  ChunkRendering(const torch::jit::Module& module, const ModelInfo& info, const std::vector<float>& controls)
      : module_(module), samples_(info.samples), chunk_(info.chunk) {
    state_ = guarded("start", [&] { return module_.get_method("start")({row(controls)}); });
  }
  int next(float* out) override {
    const int count = std::min(chunk_, samples_ - first_);
    guarded("render", [&] {
      copy_checked(module_.get_method("render")({state_, int64_t{first_}, int64_t{count}}), count, "render",
                   out);
    });
    first_ += count;
    chunk_ = std::min(2 * chunk_, samples_);  // still ahead of the playback, in few calls
    return count;
  }

 private:
  const torch::jit::Module& module_;
  int samples_, chunk_, first_ = 0;
  c10::IValue state_;
};

class TorchModel final : public Model {
 public:
  TorchModel(torch::jit::Module module, ModelInfo info)
      : module_(std::move(module)), info_(std::move(info)) {}
  const ModelInfo& info() const override { return info_; }
  std::unique_ptr<Rendering> begin(const std::vector<float>& controls) const override {
    if (info_.chunk) return std::make_unique<ChunkRendering>(module_, info_, controls);
    return std::make_unique<WholeRendering>(module_, info_, controls);
  }

 private:
  torch::jit::Module module_;
  ModelInfo info_;
};

class TorchPattern final : public Pattern {
 public:
  TorchPattern(torch::jit::Module module, PatternInfo info)
      : module_(std::move(module)), info_(std::move(info)) {}
  const PatternInfo& info() const override { return info_; }
  std::vector<float> events(const std::vector<float>& controls) const override {
    return guarded("forward", [&] {
      const c10::IValue value = module_.get_method("forward")({row(controls)});
      if (!value.isTensor()) throw ModelError("forward returned no tensor but " + value.tagKind());
      const at::Tensor tensor = value.toTensor();
      if (tensor.dim() != 3 || tensor.size(0) != 1 || tensor.size(2) != kEventFields)
        throw ModelError("forward returned " + shape(tensor) + ", expected [1, N, 5]");
      const at::Tensor rows = tensor.to(at::kCPU, at::kFloat).contiguous();  // (1, N, 5)
      return check_events(rows.const_data_ptr<float>(), static_cast<int>(rows.size(1)), info_);
    });
  }

 private:
  torch::jit::Module module_;
  PatternInfo info_;
};

void check_method(const torch::jit::Module& module, const char* name, size_t arguments) {
  const auto method = module.find_method(name);
  if (!method) throw ModelError("the model has no method " + std::string(name));
  const size_t got = method->function().getSchema().arguments().size() - 1;  // self does not count
  if (got != arguments)
    throw ModelError(std::string(name) + " takes " + std::to_string(got) + " arguments, expected " +
                     std::to_string(arguments));
}

// major * 1000 + minor of "2.13.0+cpu"; 0 where there is none.
int version_number(const std::string& text) {
  int major = 0, minor = 0;
  return std::sscanf(text.c_str(), "%d.%d", &major, &minor) == 2 ? 1000 * major + minor : 0;
}

torch::jit::Module read_module(const std::string& bytes, const std::string& made_with) {
  if (version_number(made_with) > version_number(TORCH_VERSION))
    throw ModelError("made by a newer torch, " + made_with + "; this libtorch is " + torch_version());
  try {
    std::istringstream stream(bytes);
    torch::jit::Module module = torch::jit::load(stream, at::kCPU);
    module.eval();
    return module;
  } catch (const std::exception& error) {
    throw ModelError("libtorch " + torch_version() + " cannot read it (made with torch " + made_with +
                     "): " + first_line(error));
  }
}

// The profiling executor spends the first calls on observing; the simple one has nothing to learn.
// Executors are built during the warm-up, so the setting, which is global, can be put back for other hosts of
// libtorch. One load at a time, since it is global.
class SimpleExecutor {
 public:
  SimpleExecutor() : lock_(mutex()), profiling_(torch::jit::getProfilingMode()), executor_(torch::jit::getExecutorMode()) {
    torch::jit::getProfilingMode() = torch::jit::getExecutorMode() = false;
  }
  ~SimpleExecutor() {
    torch::jit::getProfilingMode() = profiling_;
    torch::jit::getExecutorMode() = executor_;
  }

 private:
  static std::mutex& mutex() {
    static auto* made = new std::mutex;  // never deleted: a load may outlive the statics
    return *made;
  }

  std::lock_guard<std::mutex> lock_;
  bool profiling_, executor_;
};

// Twice: the second note is as fast as all that follow.
void warm_up(const Model& model) {
  std::vector<float> controls, out(model.info().samples);
  for (const Control& control : model.info().controls) controls.push_back(control.initial);
  for (int i = 0; i < 2; ++i) {
    const auto rendering = model.begin(controls);
    for (int done = 0; done < model.info().samples;) done += rendering->next(out.data() + done);
  }
}

}  // namespace

void wake_torch() {
  one_thread();
  c10::InferenceMode inference;
  at::conv_transpose1d(at::zeros({1, 2, 8}), at::zeros({2, 1, 4}));
  at::linear(at::zeros({1, 2}), at::zeros({3, 2}));
}

std::string torch_version() { return TORCH_VERSION; }

std::string torch_path() {
#ifndef _WIN32
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(static_cast<void (*)(int)>(&at::set_num_threads)), &info) &&
      info.dli_fname)
    return info.dli_fname;
#endif
  return "unknown";
}

std::shared_ptr<const Model> load_torch_model(const std::string& path) {
  const Archive archive = read_archive(path);
  ModelInfo info = parse_metadata(archive.metadata, path);
  one_thread();
  c10::InferenceMode inference;
  SimpleExecutor simple;
  torch::jit::Module module = read_module(archive.bytes, info.made_with);
  check_method(module, "forward", 1);
  if (info.chunk) {
    check_method(module, "start", 1);
    check_method(module, "render", 3);
  }
  auto model = std::make_shared<TorchModel>(std::move(module), std::move(info));
  warm_up(*model);
  return model;
}

std::shared_ptr<const Pattern> load_torch_pattern(const std::string& path) {
  const Archive archive = read_archive(path);
  PatternInfo info = parse_pattern(archive.metadata, path);
  one_thread();
  c10::InferenceMode inference;
  SimpleExecutor simple;
  torch::jit::Module module = read_module(archive.bytes, info.made_with);
  check_method(module, "forward", 1);
  auto pattern = std::make_shared<TorchPattern>(std::move(module), std::move(info));
  for (int i = 0; i < 2; ++i) pattern->events(clipped({}, pattern->info()));  // warm, and known to be good
  return pattern;
}

}  // namespace wae
