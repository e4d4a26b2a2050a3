"""The file ``chords.pt``: what comes next, codes of sixteen beats, and the events that play a point.

Conventions
-----------
* ``forward`` follows the events contract: four numbers on two planes -> a code by the four main directions of the
  training songs' codes, a tonic, and the arpeggiator's settings. Controls out of range are held; NaN is the default.
* Beside it the file has ``predict``, ``encode``, ``decode`` and ``symbols``, which ``measure`` and ``continue`` call.

Contents
--------
CONTROLS   what ``forward`` takes, in order
VOICES     names of the voices
Chords     predictor + VAE + arpeggiator
save_chords   module -> chords.pt
"""

import torch
from torch import Tensor, nn

from latentsampler.chapters.chords.alphabet import QUALITIES, WRITTEN
from latentsampler.chapters.chords.arpeggio import SETTINGS, Arpeggiator
from latentsampler.contract.events import KIND, load_events
from latentsampler.contract.export import save_scripted, source_hash

PLANES = ("circle 1 x", "circle 1 y", "circle 2 x", "circle 2 y")
CONTROLS = tuple({"name": name, "unit": unit, "min": low, "max": high, "default": default} for name, unit, low, high,
                 default in (*((name, "deviations", -3.0, 3.0, 0.0) for name in PLANES),
                             ("tonic", "semitones above C", 0, 11, 0), *SETTINGS))
MARKERS = tuple(f"chord {quality}" for quality in QUALITIES)
VOICES = ("arpeggio", "bass", *MARKERS)


class Chords(nn.Module):
    """All that is trained, and the arpeggiator.

    Parameters
    ----------
    predictor : Predictor
        What comes next.
    vae : ChordVAE
        Codes.
    """

    def __init__(self, predictor, vae):
        super().__init__()
        self.predictor, self.vae, self.arpeggiator = predictor, vae, Arpeggiator()
        self.register_buffer("centre", torch.zeros(vae.latent_dim))
        self.register_buffer("directions", torch.eye(4, vae.latent_dim))
        for name in ("min", "max", "default"):
            self.register_buffer(name, torch.tensor([float(control[name]) for control in CONTROLS]))

    def set_planes(self, codes):
        """Lay the planes along the four main directions of codes ``(n, L)``, one unit a standard deviation."""
        self.centre.copy_(codes.mean(0))
        _, values, vectors = torch.linalg.svd(codes - self.centre, full_matrices=False)
        scale = values[:4] / (len(codes) - 1) ** 0.5
        self.directions.copy_(scale.unsqueeze(1) * vectors[:4])

    @torch.jit.export
    def predict(self, x: Tensor, key: Tensor, place: Tensor, alphabet: Tensor) -> Tensor:
        """Return log-probabilities ``(B, 8, 169)`` of what comes after ``x`` (B, 8)."""
        return self.predictor(x, key, place, alphabet)

    @torch.jit.export
    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return codes ``(B, L)`` and tonics ``(B,)`` of pieces ``(B, T)``."""
        return self.vae.encode(x)

    @torch.jit.export
    def decode(self, z: Tensor, tonic: Tensor) -> Tensor:
        """Return log-probabilities ``(B, T, 169)`` of codes at tonics."""
        return self.vae.decode(z, tonic)

    def held(self, controls: Tensor) -> Tensor:
        """Return all controls ``(B, K)``: defaults where they are missing or NaN, held within their ranges."""
        missing = self.default[controls.shape[1]:].unsqueeze(0).expand(len(controls), -1)
        controls = torch.cat([controls[:, :len(self.default)], missing], 1)
        controls = torch.where(torch.isnan(controls), self.default.unsqueeze(0), controls)
        return torch.minimum(torch.maximum(controls, self.min), self.max)

    @torch.jit.export
    def symbols(self, controls: Tensor) -> Tensor:
        """Return the chords ``(B, T)`` int64 of controls."""
        controls = self.held(controls)
        z = self.centre + controls[:, :4] @ self.directions  # (B, L)
        return self.vae.decode(z, controls[:, 4].round().to(torch.long)).argmax(2)

    def forward(self, controls: Tensor) -> Tensor:
        """Return events ``(B, T * 14, 5)`` of controls ``(B, K)``."""
        settings = self.held(controls)[:, 5:].clone()
        for index in (0, 1, 2, 6, 8):  # whole numbers
            settings[:, index] = settings[:, index].round()
        return self.arpeggiator(self.symbols(controls), settings)


def save_chords(module, path, checksum, source=""):
    """Write ``chords.pt`` by the events contract.

    Parameters
    ----------
    module : Chords
        Trained.
    path : str or pathlib.Path
        The file.
    checksum : str
        Of the songs.
    source : str
        Name of where they come from.
    """
    save_scripted(module, path, {
        "kind": KIND, "beats": float(module.vae.beats), "voices": list(VOICES), "markers": list(MARKERS),
        "written": dict(zip(MARKERS, WRITTEN, strict=True)), "controls": list(CONTROLS),
        "latent_dim": module.vae.latent_dim,
        "created_from": {"songs": checksum, "source": source_hash(), "name": source}},
                  keep=("forward", "predict", "encode", "decode", "symbols"))
    load_events(path)
