#include "engine/metadata.hpp"

#include "engine/fields.hpp"

namespace wae {

ModelInfo parse_metadata(const std::string& json_text, const std::string& path) {
  using namespace fields;
  const Json json = parse_object(json_text);
  ModelInfo info;
  info.path = path;
  info.sample_rate = number(json, "sample_rate", 1000, 768000);
  info.samples = whole(json, "n_samples", 1, kMaxSamples);
  if (find(json, "level_db"))
    info.gain = static_cast<float>(std::pow(10, number(json, "level_db", -120, 60) / 20));
  if (const Json* chunk = find(json, "chunk"); chunk && !chunk->is_null())
    info.chunk = whole(json, "chunk", 0, kMaxSamples);
  info.made_with = optional_text(json, "torch_version");
  if (const Json* from = find(json, "created_from")) info.created_from = origin(*from);
  info.controls = read_controls(json);
  for (size_t i = 0; i < info.controls.size(); ++i)
    if (info.controls[i].name == "pitch") info.pitch = static_cast<int>(i);
  return info;
}

}  // namespace wae
