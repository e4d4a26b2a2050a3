"""Mel -> waveform: ``vocoder``, against Griffin-Lim from the same mel."""

import torch
from latentsampler.chapters.vocoder import experiment
from latentsampler.sound.audio import MelConfig, mel_inverse, mel_spectrogram
from latentsampler.sound.griffin_lim import griffin_lim
from latentsampler.sound.metrics import spectral_convergence
from latentsampler.sound.pitch import midi_to_hz

torch.set_num_threads(1)
config, pitch = MelConfig(), torch.tensor([57.0])
seconds = torch.arange(config.n_samples) / config.sample_rate
f0 = float(midi_to_hz(57.0))
note = 0.3 * sum(torch.sin(2 * torch.pi * h * f0 * seconds + h) / h for h in range(1, 21)) * torch.exp(-2 * seconds)
mel = mel_spectrogram(note[None], config)
untrained = experiment.build(experiment.RUNS["harmonic"]).eval()
with torch.inference_mode():
    size = torch.nn.functional.pad((mel_inverse(config) @ mel).clamp(min=0), (0, 1))
    sounds = {"pitch-driven, untrained": untrained(mel, pitch),
              "Griffin-Lim, 8 iterations": griffin_lim(size, 8, n_samples=config.n_samples)}
reached = {name: float(spectral_convergence(sound, note[None])[0]) for name, sound in sounds.items()}
for name, value in reached.items():
    print(f"{name}: {value:.1f} dB")
