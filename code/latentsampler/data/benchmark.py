"""How fast the dataset is, beside a plain librosa loop over the same notes, on the same cores, in the same run.

Contents
--------
run_speed_benchmark   extraction, whole build, random access
plain_librosa_mel     what anyone would write
"""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from latentsampler.data.build import build_store
from latentsampler.data.extract import extract
from latentsampler.data.soundfont import SoundFontSource
from latentsampler.data.sources import from_names
from latentsampler.data.store import NoteDataset
from latentsampler.data.study import Findings
from latentsampler.runtime.progress import tracked
from latentsampler.sound.audio import MelConfig

BLOCK = 10  # notes in turn, so that other work on the machine disturbs both alike


def plain_librosa_mel(waveform, config):
    """Return a note's mel as librosa computes it.

    Parameters
    ----------
    waveform : numpy.ndarray
        ``(n_samples,)``.
    config : MelConfig
        The front-end.

    Returns
    -------
    numpy.ndarray
        ``(n_mels, n_frames)``.
    """
    import librosa

    mel = librosa.feature.melspectrogram(
        y=waveform, sr=config.sample_rate, n_fft=config.n_fft, hop_length=config.hop_length, n_mels=config.n_mels,
        fmin=config.fmin, fmax=config.fmax, htk=config.htk, norm=None if config.norm == "none" else config.norm,
        power=1.0, pad_mode="constant")
    return mel[:, :config.n_frames]


def run_speed_benchmark(dataset=None, notes=300):
    """Time extraction, a whole build from sound files, and random access.

    Parameters
    ----------
    dataset : NoteDataset, optional
        Where the notes come from; by default SoundFont notes, built for this.
    notes : int
        How many.

    Returns
    -------
    Findings
        ``metrics``: "notes", "built" (of these, kept when built from files), "largest_relative_difference" from librosa
        (of each mel's maximum). ``timings``: "librosa_ms", "extract_ms" and "times_faster" for mels of waveforms in
        memory, one core, per note; "librosa_files_ms", "build_ms" and "build_times_faster" from files to a finished
        store, all cores; "access_ms", the median of 2,000 random reads.
    """
    if dataset is None:
        with tempfile.TemporaryDirectory() as folder:
            return run_speed_benchmark(NoteDataset(build_store(SoundFontSource(velocities=(80,)), folder)), notes)
    config = dataset.mel_config
    waveforms = np.array(dataset.waveforms[:notes])  # (n, n_samples) int16
    with threadpool_limits(1):  # both on one core; threads of one would spin into the time of the other
        theirs, ours, difference = _extraction(waveforms, config)
    file_seconds, build_seconds, built = _files(waveforms, [row["Pitch"] for row in dataset.rows][:notes], config)
    timings = {
        "librosa_ms": theirs, "extract_ms": ours, "times_faster": theirs / ours,
        "librosa_files_ms": 1000 * file_seconds / len(waveforms), "build_ms": 1000 * build_seconds / len(waveforms),
        "build_times_faster": file_seconds / build_seconds, "access_ms": _access_ms(dataset),
        "cores": os.cpu_count()}
    return Findings({"notes": notes, "mel": config.to_dict()},
                 {"notes": len(waveforms), "built": built, "largest_relative_difference": float(f"{difference:.1e}")},
                 dataset.checksum, {name: round(value, 3) for name, value in timings.items()})


def _extraction(waveforms, config):
    plain_librosa_mel(waveforms[0] / np.float32(32768), config)  # compiles
    extract(waveforms[:1], config)
    theirs, ours, difference = [], [], 0.0
    for start in tracked(range(0, len(waveforms), BLOCK), desc="extraction"):
        notes = waveforms[start:start + BLOCK]
        before = time.perf_counter()
        references = [plain_librosa_mel(note / np.float32(32768), config) for note in notes]
        between = time.perf_counter()
        mels = extract(notes, config)
        ours.append((time.perf_counter() - between) / len(notes))
        theirs.append((between - before) / len(notes))
        difference = max(difference, *(float(np.abs(mel - reference).max() / reference.max())
                                       for mel, reference in zip(mels, references, strict=True)))
    return 1000 * float(np.median(theirs)), 1000 * float(np.median(ours)), difference


def _files(waveforms, pitches, config):
    import librosa
    import soundfile
    import soxr

    with tempfile.TemporaryDirectory() as folder:
        for k, (waveform, pitch) in enumerate(zip(waveforms, pitches, strict=True)):  # 44.1 kHz, 5 s, like TinySOL's
            note = soxr.resample(waveform / np.float32(32768), config.sample_rate, 44100)
            soundfile.write(Path(folder) / f"{k:06d}_{pitch}.wav",  # a false name would be rejected
                            np.pad(note, (0, 5 * 44100 - len(note)))[:5 * 44100], 44100)
        start = time.perf_counter()
        mels = []
        for path in tracked(sorted(Path(folder).glob("*.wav")), desc="librosa, from files"):
            note = librosa.load(path, sr=config.sample_rate)[0][:config.n_samples]
            mels.append(plain_librosa_mel(note, config))
        np.save(Path(folder) / "mels.npy", np.stack(mels))
        middle = time.perf_counter()
        source = from_names(folder)
        build_store(source, Path(folder) / "warm", MelConfig(n_frames=8))  # starts the workers
        ready = time.perf_counter()
        store = build_store(source, Path(folder) / "store", config)
        return middle - start, time.perf_counter() - ready, len(NoteDataset(store))


def _access_ms(dataset):
    seconds = []
    for index in np.random.default_rng(0).integers(0, len(dataset), 2000):
        start = time.perf_counter()
        dataset[index]
        seconds.append(time.perf_counter() - start)
    return 1000 * float(np.median(seconds))
