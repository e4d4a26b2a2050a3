"""Claims about the comparison with librosa: the same numbers, and times that belong together."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from latentsampler.data.benchmark import plain_librosa_mel, run_speed_benchmark
from latentsampler.sound.audio import mel_spectrogram


@pytest.mark.parametrize("change", [{}, {"norm": "none"}, {"htk": True}, {"n_mels": 64, "fmin": 50.0, "fmax": 8000.0}])
def test_librosas_mel_is_ours_to_float_precision_whatever_the_front_end(dataset, change):
    config = replace(dataset.mel_config, **change)
    waveform = np.array(dataset.waveforms[0]) / np.float32(32768)
    theirs = plain_librosa_mel(waveform, config)  # (M, T)
    ours = mel_spectrogram(torch.from_numpy(waveform[None]), config)[0].numpy()
    assert theirs.shape == ours.shape == (config.n_mels, config.n_frames)
    assert np.abs(theirs - ours).max() < 2e-6 * theirs.max()


def test_a_benchmark_times_the_same_notes_both_ways(dataset):
    study = run_speed_benchmark(dataset, notes=12)
    times = study.timings
    assert study.metrics["notes"] == 12 and study.metrics["largest_relative_difference"] < 2e-6
    assert study.metrics["built"] >= 11  # what is built is timed, not what is rejected
    assert study.config["mel"] == dataset.mel_config.to_dict() and study.checksum == dataset.checksum
    assert times["times_faster"] == pytest.approx(times["librosa_ms"] / times["extract_ms"], rel=0.02)
    assert times["build_times_faster"] == pytest.approx(times["librosa_files_ms"] / times["build_ms"], rel=0.02)
    assert 0.0 < times["access_ms"] < times["librosa_ms"]  # reading a mel is less work than making one
