// assignment-load MODEL COUNT ROWS COLUMNS < distances, presence of rows and of columns (float32)  > logits (float32)

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <ATen/ATen.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

namespace {

at::Tensor read(std::vector<int64_t> shape) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  const size_t count = static_cast<size_t>(tensor.numel());
  if (std::fread(tensor.data_ptr<float>(), sizeof(float), count, stdin) != count) {
    std::fprintf(stderr, "expected %zu more numbers\n", count);
    std::exit(2);
  }
  return tensor;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const int64_t count = std::atoi(argv[2]), rows = std::atoi(argv[3]), columns = std::atoi(argv[4]);
  try {
    torch::jit::Module module = torch::jit::load(argv[1]);
    const c10::InferenceMode guard;
    const at::Tensor distances = read({count, rows, columns});
    const at::Tensor row = read({count, rows}).gt(0.5), column = read({count, columns}).gt(0.5);
    const at::Tensor logits = module.forward({distances, row, column}).toTensor().contiguous();
    std::fwrite(logits.data_ptr<float>(), sizeof(float), static_cast<size_t>(logits.numel()), stdout);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
