"""Points -> notes -> a walk: ``instrument``, with the shipped model. The argument is a folder to write."""

import sys
from pathlib import Path

import soundfile
import torch
from latentsampler.chapters.instrument import generative, walk

torch.set_num_threads(1)
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/examples")
folder.mkdir(parents=True, exist_ok=True)
shipped = Path(__file__).resolve().parents[2] / "patch" / "generative.pt"
module, metadata = generative.load_generative(shipped)
print(", ".join(f"{control['name']} {control['min']:.2f} to {control['max']:.2f}" for control in metadata["controls"]))
points = walk.walk_points(metadata, 6)
notes = walk.render_points(module, metadata, points)
step = metadata["sample_rate"] // 4
sound = 0.3 * walk.mix(notes, [k * step for k in range(len(notes))], step * len(notes) + metadata["n_samples"])
soundfile.write(folder / "walk.wav", sound, metadata["sample_rate"])
print(f"wrote {folder / 'walk.wav'}: {len(sound) / metadata['sample_rate']:.1f} s")
