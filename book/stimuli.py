#!/usr/bin/env python3
"""Make the sounds of the listening page: held-out notes, each by every system.

    python book/stimuli.py --data STORE --model patch/model.pt --vocoder patch/vocoder.pt --mcnn mcnn.pt

They are committed in ``book/listening/``, because answers can be compared only if all listeners had the same sounds.
File names do not name the system, and all sounds of a note have the energy of the original.

Contents
--------
choose    dataset -> held-out notes, one of each of some instruments
systems   a note's waveform -> name -> waveform
write     everything into the folder
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import soundfile
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "code"))

DESCRIPTIONS = {
    "original": "the note itself: reference, and hidden among the rest",
    "griffin-lim": "Griffin-Lim, 60 iterations, from the note's mel",
    "mcnn": "MCNN of the published size after a short training on one core, from the note's mel",
    "ours": "the pitch-driven vocoder of the instrument, from the note's mel",
    "decoded": "what the instrument plays: the mel itself comes from four numbers",
}


def main(arguments=None):
    """Parse the command line and write the sounds."""
    parser = argparse.ArgumentParser(description="make the sounds of the listening page")
    parser.add_argument("--data", type=Path, required=True, help="store of notes")
    parser.add_argument("--model", type=Path, default=ROOT / "patch" / "model.pt", help="model.pt")
    parser.add_argument("--vocoder", type=Path, default=ROOT / "patch" / "vocoder.pt", help="vocoder.pt")
    parser.add_argument("--mcnn", type=Path, help="vocoder.pt of an MCNN; without it there is no such system")
    parser.add_argument("--notes", type=int, default=8, help="how many notes (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "book" / "listening", help="default: %(default)s")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    print(write(options))


def choose(dataset, count, seed=0):
    """Return indices of test notes of different instruments, medium loud, spread over the range of pitches."""
    from latentsampler.data.splits import split

    instruments = dataset.column("Instrument (abbr.)")
    held_out = np.random.default_rng(seed).permutation(split(dataset).test)
    first = {instruments[i]: int(i) for i in reversed(held_out) if torch.isfinite(dataset.pitch[i])}
    pitches = sorted(first.values(), key=lambda index: dataset.pitch[index])
    return [pitches[k] for k in np.linspace(0, len(pitches) - 1, min(count, len(pitches))).round().astype(int)]


def systems(note, pitch, mel_config, model, vocoders):
    """Return name -> waveform ``(n_samples,)`` of one note.

    Parameters
    ----------
    note : torch.Tensor
        ``(n_samples,)``.
    pitch : float
        MIDI note number.
    mel_config : MelConfig
        The front-end of all models.
    model : torch.nn.Module
        ``model.pt``.
    vocoders : dict
        Name -> (vocoder, whether it takes the pitch); "ours" also plays what the model decodes.

    Returns
    -------
    dict
        Energies equal to the original's.
    """
    from latentsampler.sound.audio import mel_inverse, mel_spectrogram
    from latentsampler.sound.griffin_lim import griffin_lim

    mel, pitches = mel_spectrogram(note[None], mel_config), torch.tensor([pitch])
    size = torch.nn.functional.pad((mel_inverse(mel_config) @ mel).clamp(min=0), (0, 1))  # (1, F, T + 1)
    sounds = {"original": note[None], "griffin-lim": griffin_lim(size, 60, n_samples=mel_config.n_samples)}

    def play(name, mels):
        vocoder, takes_pitch = vocoders[name]
        return vocoder(mels, pitches) if takes_pitch else vocoder(mels)

    with torch.inference_mode():
        sounds |= {name: play(name, mel) for name in vocoders}
        sounds["decoded"] = play("ours", model.decode(model.encode(mel), pitches))
    energy = note.square().sum().sqrt()
    return {name: (sounds[name][0] * energy / sounds[name].square().sum().sqrt().clamp(min=1e-9)).numpy()
            for name in DESCRIPTIONS if name in sounds}


def write(options):
    """Write all sounds and ``set.js``; return what was written."""
    from latentsampler.contract.export import load_scripted
    from latentsampler.data.store import NoteDataset
    from latentsampler.sound.audio import MelConfig

    dataset = NoteDataset(options.data)
    model, about = load_scripted(options.model)
    vocoders = {}
    for name, path in (("mcnn", options.mcnn), ("ours", options.vocoder)):
        if path:
            vocoder, about_vocoder = load_scripted(path)
            vocoders[name] = (vocoder, about_vocoder["needs_pitch"])
    mel_config = MelConfig(**about["mel"])
    options.out.mkdir(parents=True, exist_ok=True)
    for path in options.out.glob("*.flac"):
        path.unlink()
    trials = {}
    for index in choose(dataset, options.notes):
        made = systems(dataset.waveform(index), float(dataset.pitch[index]), mel_config, model, vocoders)
        loudest = max(np.abs(sound).max() for sound in made.values())
        trials[f"note{len(trials) + 1}"] = {
            name: _save(sound * min(1.0, 0.97 / loudest), mel_config.sample_rate, options.out)
            for name, sound in made.items()}
    names = sorted(name for files in trials.values() for name in files.values())
    content = {"set": hashlib.sha256("".join(names).encode()).hexdigest()[:12], "trials": trials,
               "systems": {name: DESCRIPTIONS[name] for name in next(iter(trials.values()))}}
    text = json.dumps(content, indent=1)
    (options.out / "set.js").write_text(f"window.listeningSet = {text};\n", encoding="utf-8")
    return f"{len(trials)} notes of {len(content['systems'])} systems, set {content['set']}, in {options.out}"


def _save(sound, sample_rate, folder):
    name = hashlib.sha256(np.ascontiguousarray(sound, dtype=np.float32).tobytes()).hexdigest()[:10] + ".flac"
    soundfile.write(folder / name, sound, sample_rate, subtype="PCM_16")
    return name


if __name__ == "__main__":
    sys.exit(main())
