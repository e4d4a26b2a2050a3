"""Claims about probes: what is in a code is found, what is not is not."""

import numpy as np
import pytest
import torch
from latentsampler.evaluation.probes import (
    active_units,
    dead_dimensions,
    dimension_effects,
    interpolation,
    prior_mels,
    prior_realism,
    probe_accuracies,
)
from latentsampler.sound.metrics import FLOOR, log_spectral_distance

TRAIN, TEST = np.arange(0, 200), np.arange(200, 300)


def clusters(seed=0):
    """Return codes (300, 3) in three clusters, and which cluster each is of."""
    rng = np.random.default_rng(seed)
    label = rng.integers(3, size=300)
    return 10.0 * np.eye(3)[label] + rng.standard_normal((300, 3)), label


def loudness(z, pitch):
    """Decode to mels whose level in dB is the first coordinate: the log mel is linear in the code."""
    return (10.0 ** (z[:, 0] / 20.0)).view(-1, 1, 1).expand(-1, 8, 8) - FLOOR


def test_clusters_are_told_apart_and_shuffled_labels_are_not():
    codes, label = clusters()
    shuffled = np.random.default_rng(1).permutation(label)
    found = probe_accuracies(codes, {"true": label, "shuffled": shuffled}, TRAIN, TEST)
    assert found["knn_true"] > 0.99 and found["linear_true"] > 0.99
    assert abs(found["knn_shuffled"] - 1 / 3) < 0.15 and abs(found["linear_shuffled"] - 1 / 3) < 0.15


def test_a_linear_probe_sees_a_half_plane_and_not_a_ring_but_neighbours_see_both():
    codes = np.random.default_rng(0).standard_normal((300, 2))
    ring = (codes ** 2).sum(axis=1) > 1.4
    found = probe_accuracies(codes, {"ring": ring, "half": codes[:, 0] > 0}, TRAIN, TEST)
    assert found["linear_half"] > 0.95 and found["knn_half"] > 0.9
    assert found["knn_ring"] > 0.9 > 0.75 > found["linear_ring"]


def test_the_scale_of_a_dimension_does_not_matter():
    codes, label = clusters()
    stretched = codes * [1.0, 1000.0, 0.001]
    assert probe_accuracies(stretched, {"x": label}, TRAIN, TEST)["knn_x"] > 0.99


def test_notes_without_a_label_are_left_out_and_one_label_is_no_question():
    codes, label = clusters()
    missing = [None if k % 4 == 0 else "" if k % 4 == 1 else str(x) for k, x in enumerate(label)]
    found = probe_accuracies(codes, {"some": missing, "one": ["a"] * 300}, TRAIN, TEST)
    assert found["knn_some"] > 0.99
    assert np.isnan(found["knn_one"])


def test_the_majority_is_the_share_of_the_most_frequent_training_label():
    label = ["a"] * 150 + ["b"] * 50 + ["a"] * 20 + ["b"] * 80
    assert probe_accuracies(np.zeros((300, 2)), {"x": label}, TRAIN, TEST)["majority_x"] == pytest.approx(0.2)


def test_probes_refuse_a_note_on_both_sides():
    with pytest.raises(ValueError, match="different notes"):
        probe_accuracies(np.zeros((10, 2)), {}, [0, 1], [1, 2])
    with pytest.raises(ValueError, match="expected 10 labels 'x', got 3"):
        probe_accuracies(np.zeros((10, 2)), {"x": [1, 2, 3]}, [0, 1], [2])


def test_active_units_are_those_whose_mean_moves():
    means = np.random.default_rng(0).standard_normal((500, 4)) * [1.0, 0.2, 0.05, 0.0]
    assert active_units(means) == 2


def test_a_dimension_moves_a_sound_by_its_deviation_in_db_and_a_dead_one_by_nothing():
    codes = torch.randn(100, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([2.0, 5.0, 1.0])
    effects = dimension_effects(loudness, codes, torch.full((100,), 60.0))
    assert effects == pytest.approx([float(codes[:, 0].std()), 0.0, 0.0], abs=1e-3)
    assert dead_dimensions(effects) == 2


def test_a_decoder_linear_in_db_interpolates_straight_and_evenly():
    start, end = torch.zeros(5, 2), torch.full((5, 2), 10.0)
    found = interpolation(loudness, start, end, torch.full((5,), 60.0))
    assert found == pytest.approx({"path_ratio": 1.0, "unevenness": 0.0, "second_difference_db": 0.0}, abs=1e-3)


def test_a_detour_is_as_much_longer_as_it_sounds_and_a_jump_is_uneven():
    def detour(z, pitch):
        rise = 15.0 - 15.0 * (z[:, :1] / 5.0 - 1.0).abs()  # up by 15 dB until half way, then down again
        return loudness(rise - z[:, :1] / 2.0, pitch)  # 12.5 dB up and 17.5 down, to 5 dB under the start

    def jump(z, pitch):
        return loudness(20.0 * (z[:, :1] > 4.0), pitch)

    start, end, pitch = torch.zeros(3, 1), torch.full((3, 1), 10.0), torch.full((3,), 60.0)
    assert interpolation(detour, start, end, pitch, steps=10)["path_ratio"] == pytest.approx(5 / 30, abs=0.01)
    assert interpolation(jump, start, end, pitch, steps=10)["unevenness"] == pytest.approx(3.0, abs=1e-2)  # (K - 1)^1/2


def test_prior_mels_repeat_and_take_pitches_of_real_notes():
    def decode(z, pitch):
        return pitch.view(-1, 1, 1).expand(-1, 4, 4)

    def prior(n, generator):
        return torch.randn(n, 2, generator=generator)

    mels = prior_mels(decode, prior, torch.tensor([50.0, 70.0]), n=100)
    assert set(mels[:, 0, 0].tolist()) == {50.0, 70.0}
    assert torch.equal(mels, prior_mels(decode, prior, torch.tensor([50.0, 70.0]), n=100))


def some_mels(n, seed, level=0.0):
    """Return n mels that differ in two ways."""
    z = torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))
    bands, frames = torch.linspace(-1, 1, 16).view(16, 1), torch.linspace(-1, 1, 16).view(1, 16)
    return 10.0 ** ((z[:, 0].view(-1, 1, 1) * bands + z[:, 1].view(-1, 1, 1) * frames + level) / 2.0)


@pytest.mark.parametrize("n, expected", [(400, 1 - 2.0 ** -5), (100, 1 - 0.8 ** 5)])
def test_samples_of_the_same_distribution_have_density_one_and_the_expected_coverage(n, expected):
    found = prior_realism(some_mels(n, 1), some_mels(400, 0))
    assert found["density"] == pytest.approx(1.0, abs=0.15)
    assert found["coverage"] == pytest.approx(expected, abs=0.05)


def test_one_sound_covers_little_and_a_far_sound_nothing():
    real = some_mels(300, 0)
    assert prior_realism(real[:1].expand(200, -1, -1), real)["coverage"] < 0.05
    far = prior_realism(some_mels(100, 1, level=6.0), real)
    assert far["coverage"] == 0.0 and far["density"] == 0.0 and far["nearest_lsd_db"] > 20.0


def test_the_nearest_note_is_the_nearest_of_all():
    real, generated = some_mels(50, 0), some_mels(20, 1)
    brute = np.mean([min(float(log_spectral_distance(g[None], r[None])) for r in real) for g in generated])
    assert prior_realism(generated, real)["nearest_lsd_db"] == pytest.approx(brute, rel=0.03)
