"""Steering and the methods it is compared with, on an instrument whose attributes are known in closed form."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from latentsampler.chapters.projection import methods
from latentsampler.chapters.projection.experiment import RUNS
from latentsampler.chapters.projection.quantiles import Quantiles
from latentsampler.chapters.projection.steering import Steering, close_loop
from latentsampler.chapters.projection.surrogate import Keys, Process, fit_surrogate
from latentsampler.chapters.projection.sweeps import draw_sweeps, summarise

MIX = torch.tensor([[6.0, -5.0, -2.0, 1.0], [1.0, 4.0, 3.0, 0.0], [0.0, 1.0, 4.0, -2.0], [1.0, 0.0, 1.0, 7.0]])
CONFIG = replace(RUNS["knobs"], first=400, more=100, turned=50, rounds=1, steps=100, fit_steps=15)


class LinearInstrument:
    """An instrument whose attributes are linear in its point and jump from key to key."""

    def __init__(self):
        self.offset = 3.0 * torch.randn(128, 4, generator=torch.Generator().manual_seed(1))

    def measure(self, z, pitch, handles=None):
        """Return the attributes ``(n, 4)`` of notes."""
        moved = 0.0 if handles is None else 5.0 * handles
        return (50.0 + z @ MIX + self.offset[pitch.long()] + moved).numpy()


@pytest.fixture(scope="module")
def quantiles():
    rng = np.random.default_rng(0)
    points = 50.0 + rng.standard_normal((3000, 4)) @ MIX.numpy()
    return Quantiles(points, rng.uniform(40, 72, 3000))


def figures(steering, quantiles):
    """Figures of 80 sweeps on the linear instrument."""
    sweeps = draw_sweeps(80, 40, 72, 0)
    knobs = torch.tensor(sweeps.knobs.reshape(-1, 4), dtype=torch.float32)
    pitch = torch.tensor(np.repeat(sweeps.pitch, 5), dtype=torch.float32)
    with torch.no_grad():
        z, handles = steering(knobs, pitch)
        asked = quantiles(knobs, pitch).numpy()
    heard = LinearInstrument().measure(z, pitch, handles)
    shape = sweeps.knobs.shape
    return summarise(heard.reshape(shape), asked.reshape(shape), sweeps.knob, quantiles.deviations.numpy())


@pytest.fixture(scope="module")
def anchors():
    """Codes of notes, and their keys."""
    generator = torch.Generator().manual_seed(2)
    return torch.randn(200, 4, generator=generator), torch.randint(40, 73, (200,), generator=generator).float()


@pytest.fixture(scope="module")
def steered(quantiles, anchors):
    """A steering network after one closed loop, and the loop's history."""
    torch.manual_seed(0)
    steering = Steering(4, 40, 72)
    return steering, close_loop(steering, LinearInstrument(), quantiles, CONFIG, 0, anchors)


def test_a_closed_loop_turns_one_attribute_at_a_time(steered, quantiles):
    found = figures(steered[0], quantiles)
    assert found["spearman"] == pytest.approx(1.0) and found["monotone"] == 1.0
    assert found["crosstalk"] < 0.15


def test_a_turned_note_moves_in_one_attribute_and_stays_at_the_middle(steered, quantiles, anchors):
    steering, (points, pitch) = steered[0], (x[:40] for x in anchors)
    middle = torch.full((40, 4), 0.5)
    z, handles = steering.around(points, middle, pitch)
    torch.testing.assert_close(z, points)
    assert not handles.any()
    own = LinearInstrument().measure(points, pitch)
    for k in range(4):
        knobs = middle.clone()
        knobs[:, k] = 0.9
        with torch.no_grad():
            z, handles = steering.around(points, knobs, pitch)
            asked = (quantiles(knobs, pitch) - quantiles(middle, pitch)).numpy()
        moved = LinearInstrument().measure(z, pitch, handles) - own
        assert np.median(np.abs(moved - asked)) < 0.2 * np.abs(asked[:, k]).mean()


def test_the_loop_reports_what_it_believed_and_what_it_heard(steered):
    first, last = steered[1]
    assert first["step"] == CONFIG.first and last["step"] == CONFIG.first + CONFIG.more + CONFIG.turned
    assert 0 < first["believed"] < first["heard"]


def test_the_same_seed_gives_the_same_knobs(quantiles):
    knobs, pitch, found = torch.rand(8, 4), torch.full((8,), 60.0), []
    config = replace(CONFIG, first=40, rounds=0, steps=5, fit_steps=5)
    for _ in range(2):
        torch.manual_seed(0)
        steering = Steering(4, 40, 72)
        close_loop(steering, LinearInstrument(), quantiles, config, 0)
        found.append(steering(knobs, pitch)[0])
    assert torch.equal(*found)


def test_without_handles_they_stay_neutral():
    _, handles = Steering(4, 40, 72, handles=False)(torch.rand(3, 4), torch.tensor([40.0, 50.0, 60.0]))
    assert (handles == 0).all()


def test_a_key_between_two_keys_is_their_mean():
    keys = Keys(3)
    torch.nn.init.normal_(keys.table)
    below, middle, above = keys(torch.tensor([50.0, 50.5, 51.0]))
    torch.testing.assert_close(middle, (below + above) / 2)


def test_a_surrogate_learns_what_every_key_adds():
    instrument, generator = LinearInstrument(), torch.Generator().manual_seed(0)
    inputs = torch.randn(1600, 9, generator=generator)
    inputs[:, 4] = torch.randint(40, 73, (1600,), generator=generator).float()
    heard = torch.tensor(instrument.measure(inputs[:, :4], inputs[:, 4], inputs[:, 5:]))
    surrogate = fit_surrogate(inputs[:1400], heard[:1400], steps=12)
    error = surrogate(inputs[1400:]) - heard[1400:]
    assert float(error.std() / heard.std()) < 0.1


def test_a_process_equals_the_textbook_formula():
    generator = torch.Generator().manual_seed(0)
    process, x, y = Process(2), torch.randn(30, 2, generator=generator), torch.randn(30, generator=generator)
    key, new, new_key = torch.arange(30) % 3 + 60, torch.randn(5, 2, generator=generator), torch.full((5,), 61)
    process.settle(x, key, y)
    both = torch.cat([x, new]), torch.cat([key, new_key])
    noisy = process.covariance(*both)
    kernel = noisy - torch.eye(35) * (noisy[0, 0] - process.covariance(*(part[:1].repeat_interleave(2, 0)
                                                                        for part in both))[0, 1])
    expected = kernel[30:, :30] @ torch.linalg.solve(noisy[:30, :30], y)
    torch.testing.assert_close(process(new, new_key), expected, atol=1e-4, rtol=1e-4)


@pytest.fixture(scope="module")
def notes():
    """Random points at one key, where a linear instrument is linear."""
    generator = torch.Generator().manual_seed(0)
    z, pitch = torch.randn(500, 4, generator=generator), torch.full((500,), 60.0)
    return z, pitch, torch.tensor(LinearInstrument().measure(z, pitch), dtype=torch.float32)


def test_the_linear_inverse_is_exact_where_all_is_linear(notes, quantiles):
    method = methods.LinearInverse(quantiles, *notes, damping=0.0)
    wanted = notes[2][:20]
    torch.testing.assert_close(method.aim(wanted, notes[1][:20]), notes[0][:20], atol=1e-3, rtol=0)


def test_own_axes_follow_their_attributes(quantiles):
    points = torch.randn(200, 4) * 10 + 50
    codes = torch.cat([(points - 50) / 10, torch.zeros(200, 2)], dim=1)
    method = methods.OwnAxes(quantiles, codes, torch.linspace(40, 72, 200), points)
    torch.testing.assert_close(method.aim(points, torch.full((200,), 60.0)), codes, atol=1e-4, rtol=0)


def test_a_flow_finds_the_point_of_some_attributes(notes, quantiles):
    pytest.importorskip("zuko")
    method = methods.Flow(quantiles, *notes, steps=200, seed=0)
    found = method.aim(notes[2][:100], notes[1][:100])
    assert float((found - notes[0][:100]).square().mean().sqrt()) < 0.4
