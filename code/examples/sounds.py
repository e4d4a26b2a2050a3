"""Sound, mel, pitch, distance: ``audio``, ``pitch``, ``metrics``."""

import torch
from latentsampler.sound.audio import MelConfig, mel_spectrogram
from latentsampler.sound.metrics import log_spectral_distance, spectral_convergence
from latentsampler.sound.pitch import cents, estimate_f0, midi_to_hz

config = MelConfig()
seconds = torch.arange(config.n_samples) / config.sample_rate
f0 = float(midi_to_hz(57.0))
note = sum(torch.sin(2 * torch.pi * h * f0 * seconds) / h for h in range(1, 11))[None] / 3  # (1, n_samples)
mel = mel_spectrogram(note, config)  # (1, 256, 128)
found = estimate_f0(note[0].numpy(), config.sample_rate)
off = float(cents(found, f0))
print(f"mel {tuple(mel.shape)}; pitch found {off:+.1f} cents off")

softer = 0.5 * note
convergence = float(spectral_convergence(softer, note)[0])
distance = float(log_spectral_distance(mel_spectrogram(softer, config), mel)[0])
print(f"half the amplitude: {convergence:.2f} dB spectral convergence, {distance:.2f} dB log-spectral distance")
