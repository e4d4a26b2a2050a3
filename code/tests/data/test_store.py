import json
import pickle
import subprocess
import sys

import librosa
import numpy as np
import pytest
import torch
from latentsampler.data.store import NoteDataset, SemiSupervised, find_stores, pack
from latentsampler.sound.audio import MelConfig, mel_spectrogram
from torch.utils.data import DataLoader

from tests import rounding


def test_a_stored_mel_is_librosas_of_the_stored_waveform_within_1e_4(dataset):
    for index in (0, 60, len(dataset) - 1):
        expected = librosa.feature.melspectrogram(y=dataset.waveform(index).numpy(), sr=22050, n_fft=1024,
                                                  hop_length=256, n_mels=256, power=1.0, pad_mode="constant")
        mel = dataset[index][0].numpy()
        assert np.abs(mel - expected[:, :128]).max() <= 1e-4 * expected.max()


def test_a_stored_mel_is_the_shared_front_ends_too(dataset):
    index = torch.arange(0, len(dataset), 25)
    expected = mel_spectrogram(torch.stack([dataset.waveform(i) for i in index]), dataset.mel_config)
    found = torch.stack([dataset[i][0] for i in index])
    assert found.shape == (len(index), 256, 128)
    allowed = rounding.bound(lambda: mel_spectrogram(torch.stack([dataset.waveform(i) for i in index]),
                                                     dataset.mel_config))
    assert (found - expected).abs().max() <= allowed < 1e-4 * expected.max()


def test_items_carry_their_annotations_and_torch_joins_them_into_a_batch(dataset):
    mels, notes = next(iter(DataLoader(dataset, batch_size=6, shuffle=False)))
    assert mels.shape == (6, 256, 128) and notes["pitch"].shape == (6,) and notes["index"].tolist() == list(range(6))
    assert notes["Instrument (abbr.)"] == dataset.column("Instrument (abbr.)")[:6]
    assert torch.equal(notes["pitch"].float(), dataset.pitch[:6])
    assert [float(p) for p in notes["Pitch ID"]] == notes["pitch"].tolist()


def test_a_worker_process_reopens_the_files_instead_of_copying_them(dataset):
    assert len(pickle.dumps(dataset)) < 1000
    assert torch.equal(pickle.loads(pickle.dumps(dataset))[3][0], dataset[3][0])


def test_a_packed_store_opens_as_the_same_notes(dataset, store, tmp_path):
    packed = NoteDataset(pack(store, tmp_path / "notes.npz"))
    assert packed.checksum == dataset.checksum and list(packed.rows) == list(dataset.rows)
    assert np.array_equal(packed.waveforms, dataset.waveforms) and np.array_equal(packed.mels, dataset.mels)
    assert (tmp_path / "notes.npz").stat().st_size < 0.75 * dataset.waveforms.nbytes


def test_packing_to_12_bits_says_so_and_keeps_65_db(dataset, store, tmp_path):
    packed = NoteDataset(pack(store, tmp_path / "notes.npz", bits=12))
    noise = packed.waveforms.astype(float) - dataset.waveforms
    assert 20 * np.log10(np.abs(dataset.waveforms).max() / noise.std()) > 65.0
    assert packed.checksum == dataset.checksum + "-12bit"
    with pytest.raises(ValueError, match="8 to 16 bits"):
        pack(store, tmp_path / "notes.npz", bits=4)


def test_labels_are_hidden_from_a_seeded_share_and_a_larger_share_hides_these_and_more(dataset):
    few = SemiSupervised(dataset, ["Instrument (abbr.)", "Pitch ID"], 0.3, seed=1)
    many = SemiSupervised(dataset, ["Instrument (abbr.)", "Pitch ID"], 0.9, seed=1)
    assert few.hidden.sum() == round(0.3 * len(dataset)) and np.all(many.hidden[few.hidden])
    hidden, seen = np.flatnonzero(few.hidden)[0], np.flatnonzero(~few.hidden)[0]
    assert few[hidden][1]["Instrument (abbr.)"] == "" and np.isnan(few[hidden][1]["pitch"])
    assert few[seen][1] == dataset[seen][1] and torch.equal(few[hidden][0], dataset[hidden][0])
    assert dataset[hidden][1]["Instrument (abbr.)"] != ""


def test_a_share_outside_0_to_1_is_refused(dataset):
    with pytest.raises(ValueError, match="share in"):
        SemiSupervised(dataset, ["Pitch ID"], 1.5)


def test_a_folder_with_one_store_opens_and_one_without_says_how_to_make_one(dataset, store, tmp_path):
    assert NoteDataset(store.parent).checksum == dataset.checksum and find_stores(store) == [store]
    with pytest.raises(FileNotFoundError, match="dataset build"):
        NoteDataset(tmp_path)


def test_an_unknown_column_is_refused_by_name(dataset):
    with pytest.raises(KeyError, match="Colour"):
        dataset.column("Colour")


def test_a_store_says_what_it_was_made_from(dataset):
    info = json.loads((dataset.path / "info.json").read_text())
    assert MelConfig(**info["mel"]) == dataset.mel_config == MelConfig()
    assert info["source"]["source"] == "soundfont" and info["preparation"]["peak"] == 0.9


def test_opening_a_store_needs_torch_numpy_scipy_and_tqdm_only(store):
    script = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("librosa", "soundfile", "soxr", "joblib", "pandas", "sklearn", "matplotlib",
                                  "tinysoundfont", "sf2utils"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
from latentsampler.data.store import NoteDataset
from latentsampler.data.splits import split
print(len(split(NoteDataset(sys.argv[1])).train))
"""
    done = subprocess.run([sys.executable, "-c", script, str(store)], capture_output=True, text=True)
    assert done.returncode == 0 and int(done.stdout) > 100, done.stderr


def test_random_access_takes_at_most_0_2_ms(dataset):
    from latentsampler.data.benchmark import _access_ms

    assert _access_ms(dataset) <= 0.2
