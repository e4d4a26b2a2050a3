"""What is heard, recorded by the patch itself in real time."""

import shutil

import numpy as np
import pytest
import soundfile
import torch
from latentsampler.attributes.loudness import integrated_loudness
from latentsampler.sound.audio import MelConfig, mel_spectrogram

from tests import pd
from tests.conftest import require

from .conftest import PATCH, copied

pytestmark = pytest.mark.alone


def test_record_writes_what_is_heard_from_start_to_stop(bench_with_external):
    take = bench_with_external.folder / "take.wav"
    events = [(300.0, "/wae/run 1"), (1000.0, f"/wae/record-to {take}"), (2500.0, "/wae/record 0"),
              (2600.0, "/wae/run 0")]
    _, kept = bench_with_external.run(["main"], events, 3200.0, {"/wae/level": 1}, batch=False)
    sound, rate = soundfile.read(take)
    assert abs(len(sound) / rate - 1.5) < 0.15
    level = 20 * np.log10(np.sqrt(np.mean(sound ** 2)))
    assert -50 < level <= kept["/wae/level"].max() + 1


def test_the_shipped_knobs_play_in_the_patch_under_their_own_names(bench_with_external):
    knobs = PATCH / "knobs.pt"
    require(knobs.is_file(), "patch/knobs.pt is made by `make weights`")
    shutil.copy(knobs, bench_with_external.folder)
    events = [(300.0, "/wae/load knobs.pt"), (5000.0, "/wae/run 1")]
    run, kept = bench_with_external.run(["main"], events, 8000.0, {"/wae/level": 1}, batch=False,
                                        sounds=[f"/wae/axis/{number}" for number in range(1, 5)])
    assert run.complaints() == [] and kept["/wae/level"].max() > -45
    names = [run.printed(f"/wae/axis/{number}")[-1].split()[0] for number in range(1, 5)]
    assert names == ["deep", "bright", "hard", "dirty"]


@pytest.mark.long
def test_the_eight_shipped_presets_sound_different(bench_with_external):
    folder, seconds = bench_with_external.folder, 3.0
    model = PATCH / "generative.pt"
    require(model.is_file(), "patch/generative.pt is made by `make weights`")
    (folder / "generative.pt").unlink()
    shutil.copy(model, folder / "generative.pt")
    events = []
    for take, number in enumerate([*range(8), 0]):  # the first once more: how far apart are two takes of the same?
        start = 3000.0 + 1000 * (seconds + 2) * take
        events += [(start, f"/wae/preset {number}"), (start + 50, "/wae/run 1"),
                   (start + 100, "#notein 60 100 1"),  # the seventh waits for a key
                   (start + 500, f"/wae/record-to {folder}/{take}.wav"),
                   (start + 500 + 1000 * seconds, "/wae/record 0"), (start + 550 + 1000 * seconds, "/wae/run 0"),
                   (start + 560 + 1000 * seconds, "#notein 60 0 1")]
    bench_with_external.run(["main"], events, events[-1][0] + 500, batch=False)
    takes = np.stack([spectrum(folder / f"{take}.wav") for take in range(9)])  # (9, bands) dB
    apart = [np.abs(takes[i] - takes[j]).mean() for i in range(8) for j in range(i)]
    same = np.abs(takes[0] - takes[8]).mean()
    assert min(apart) > max(2.0, 3 * same), f"closest {min(apart):.1f} dB, the same preset twice {same:.1f} dB"


@pytest.mark.long
@pytest.mark.parametrize("model", ["generative.pt", "knobs.pt"])
def test_the_shipped_presets_are_within_three_decibels_of_each_other_and_none_reaches_full_scale(
        tmp_path, built, model):
    takes = np.stack([heard(tmp_path, built, model, preset) for preset in range(8)])  # (8, N)
    assert np.ptp(integrated_loudness(takes, 44100)) <= 3
    assert np.abs(takes).max() <= 1 and np.mean(np.abs(takes) > 0.8913) < 1e-3  # the limiter has little to do


def heard(folder, built, model, preset, seconds=10):
    """What leaves the patch while a preset plays a model, rendered offline: (N,)."""
    folder = folder / str(preset)
    folder.mkdir()
    copied(folder)
    require((PATCH / model).is_file(), f"patch/{model} is made by `make weights`")
    (folder / built.name).symlink_to(built.resolve()), (folder / "generative.pt").symlink_to(PATCH / model)
    out = (folder / "wae-out.pd").read_text().replace("#X obj 171 255 outlet~", "#X obj 171 255 s~ tap")
    (folder / "wae-out.pd").write_text(out)
    patch = pd.Patch()
    patch.obj(f"table take {44100 * seconds}")
    tap, table = patch.obj("r~ tap"), patch.obj("tabwrite~ take")
    patch.chain(tap, table)
    patch.obj("main")
    start = patch.obj("loadbang")
    keys = [(520.0 + 2300 * k, f"#notein {key} 100 1") for k, key in enumerate((60, 64, 67, 72))]
    for time, message in [(0.0, "pd dsp 1"), (1.0, "/wae/message offline 1"), (400.0, f"/wae/preset {preset}"),
                          (500.0, "/wae/run 1"), *(keys if preset == 6 else [])]:
        patch.at(start, time, f"; {message}")
    patch.chain(start, patch.obj("delay 540"), table)
    pd.finish(patch, start, 540.0 + 1000 * seconds + 50, folder)
    text = patch.text().replace("out.wav out", "out.wav take")
    return pd.run_patch(text, folder, timeout=200).arrays["out"]


def spectrum(path):
    """Mean spectrum of a sound in dB, without its level: (bands,)."""
    config = MelConfig()
    sound, rate = soundfile.read(path, dtype="float32")
    assert np.abs(sound).max() > 0.01, f"{path.name} is silent"
    step = max(1, round(rate / config.sample_rate))
    sound = sound[:len(sound) // step * step].reshape(-1, step).mean(axis=1)  # at about the mel's rate
    mel = mel_spectrogram(torch.from_numpy(sound)[None], config).mean(dim=2)[0]  # (M,)
    decibel = 20 * torch.log10(mel + 1e-6)
    return (decibel - decibel.mean()).numpy()
