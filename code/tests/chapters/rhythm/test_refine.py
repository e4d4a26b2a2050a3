"""Claims about the steps that make encoded points better."""

import torch
from latentsampler.chapters.rhythm.refine import Refine


def climb(decoder, patterns, z, rounds):
    """Return points after some steps."""
    refine = Refine(2)
    for _ in range(rounds):
        z = refine.step(decoder(refine.probes(z)).reshape(len(z), -1, 3, 288), patterns, z)
    return z


def test_steps_find_the_point_of_a_linear_decoder_and_leave_the_fixed_numbers():
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(8, 864, generator=generator)

    def decoder(z):
        cells = (z @ matrix).reshape(-1, 3, 288)
        return torch.stack([cells[:, 0], cells[:, 1] * 0.05 + 0.5, cells[:, 2] * 0.01], 1)

    truth = torch.randn(16, 8, generator=generator)
    cells = decoder(truth)
    onset = (cells[:, 0] > 0).float()
    patterns = torch.stack([onset, onset * cells[:, 1], onset * cells[:, 2]], 1).reshape(16, 3, 9, 32)
    start = torch.cat([truth[:, :2], torch.zeros(16, 6)], 1)
    found = climb(decoder, patterns, start, 8)
    assert torch.equal(found[:, :2], truth[:, :2])

    def wrong(z):
        return float(((decoder(z)[:, 0] > 0).float() != onset).float().mean())

    assert wrong(start) > 0.2 and wrong(found) < 0.06


def test_without_anything_to_explain_points_move_to_the_prior():
    patterns = torch.zeros(4, 3, 9, 32)
    z = torch.ones(4, 8)
    found = climb(lambda z: torch.cat([torch.full((len(z), 1, 288), -30.0), torch.zeros(len(z), 2, 288)], 1), patterns,
                  z, 60)
    assert (found[:, 2:].abs() < 0.05).all() and torch.equal(found[:, :2], z[:, :2])
