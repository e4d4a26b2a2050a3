"""The network that turns knobs: four knobs and a pitch -> a point and handles.

It is trained through a surrogate of the whole chain (decoder, handles, vocoder, descriptors), then played, measured
and corrected where it was wrong: the loop is closed on the waveform, not on the model's own prediction.

Contents
--------
Steering     the network
steer        trains it through a surrogate
draw         random knobs and keys
draw_around  random knobs and notes to turn
close_loop   explore, steer, play, measure, refit, steer again
"""

import copy

import torch
from torch import nn
from torch.nn import functional

from latentsampler.chapters.projection.surrogate import Keys, fit_surrogate

FARTHEST = 2.5  # deviations of the codes: the network cannot leave the cloud
KEY_SIZE = 8
AROUND = 0.1  # deviation of the points tried around those that the network asks for; less in later rounds
SPREAD = 0.6  # deviation of the first, random points
BATCH = 64  # knob positions of a step, each with one of the knobs turned elsewhere


class Steering(nn.Module):
    """Knobs ``(B, 4)`` in [0, 1] and pitch ``(B,)`` -> z ``(B, L)``, handles ``(B, 4)`` in [-1, 1].

    Parameters
    ----------
    latent_dim : int
        L.
    pitch_low, pitch_high : float
        MIDI note numbers: the range in which it is trained.
    handles : bool
        Whether it may use the handles; without, they are 0.
    width : int
        Of three hidden layers.
    """

    def __init__(self, latent_dim, pitch_low, pitch_high, handles=True, width=96):
        super().__init__()
        self.latent_dim, self.use_handles, self.farthest = latent_dim, handles, FARTHEST
        self.middle, self.reach = 0.5 * (pitch_low + pitch_high), max(0.5 * (pitch_high - pitch_low), 1.0)
        self.keys = Keys(KEY_SIZE)
        self.net = _network(5 + KEY_SIZE, width, latent_dim + 4)
        self.turn = _network(5 + latent_dim, width, latent_dim + 4)

    def forward(self, knobs, pitch):
        """Return points and handles."""
        place = ((pitch - self.middle) / self.reach).unsqueeze(1)
        return self.bounded(self.net(torch.cat([2.0 * knobs - 1.0, place, self.keys(pitch)], dim=1)))

    @torch.jit.export
    def around(self, points, knobs, pitch):
        """Return points and handles that turn a given note: with all knobs at .5 it stays as it is.

        Parameters
        ----------
        points, knobs, pitch : torch.Tensor
            ``(B, L)``, the note's own z; ``(B, 4)``; ``(B,)``.

        Returns
        -------
        tuple of torch.Tensor
            ``(B, L)`` and ``(B, 4)``.
        """
        place = ((pitch - self.middle) / self.reach).unsqueeze(1)
        turned = self.turn(torch.cat([2.0 * knobs - 1.0, place, points], dim=1))
        still = self.turn(torch.cat([torch.zeros_like(knobs), place, points], dim=1))
        z, handles = self.bounded(turned - still)
        return points + z, handles

    def bounded(self, out):
        """Return outputs of a network as points within reach, and handles."""
        z = self.farthest * torch.tanh(out[:, :self.latent_dim] / self.farthest)
        handles = torch.tanh(out[:, self.latent_dim:])
        return z, handles if self.use_handles else torch.zeros_like(handles)


def _network(inputs, width, outputs):
    net = nn.Sequential(nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
                        nn.Linear(width, width), nn.SiLU(), nn.Linear(width, outputs))
    nn.init.normal_(net[-1].weight, std=0.01)  # training starts at the middle of the space
    return net


def joined(z, pitch, handles):
    """Return what a surrogate sees: ``(n, L + 5)``."""
    return torch.cat([z, pitch[:, None], handles], dim=1)


def steer(steering, surrogate, quantiles, config, seed, steps, anchors=None, stay=None):
    """Train a steering network through a surrogate.

    Parameters
    ----------
    steering : Steering
        Trained in place.
    surrogate : Surrogate
        What its points are believed to sound like.
    quantiles : Quantiles
        What knobs ask for.
    config : Config
        Pitch range, and what leaving the middle costs.
    seed, steps : int
        Of the knobs tried; optimiser steps.
    anchors : tuple of torch.Tensor, optional
        Codes ``(n, L)`` and pitches ``(n,)`` of notes; with them, the network also learns to turn notes.
    stay : Steering, optional
        From whose points it should move no farther than the error is worth.

    Returns
    -------
    float
        Root mean square of the error that the surrogate believes in, in deviations of the dataset.
    """
    torch.manual_seed(seed)
    optimiser = torch.optim.Adam(steering.parameters(), lr=2e-3)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        knobs, pitch = _pairs(*draw(BATCH, config))
        z, handles = steering(knobs, pitch)
        inputs = joined(z, pitch, handles)
        error = (surrogate(inputs) - quantiles(knobs, pitch)) / quantiles.deviations  # (2 B, 4)
        loss = _loss(error, z, handles, config)
        if stay is not None:
            with torch.no_grad():
                before = joined(stay(knobs, pitch)[0], pitch, stay(knobs, pitch)[1])
            loss = loss + config.stay_cost * (inputs - before).square().sum(1).mean()
        if anchors is not None:
            loss = loss + _around(steering, surrogate, quantiles, config, anchors)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        rate.step()
    return float(error.detach().square().mean()) ** 0.5


def _loss(error, moved, handles, config):
    """Return what errors ``(2 B, 4)`` cost, in pairs with one knob turned, and what moving points and handles does."""
    turned = error[:BATCH] - error[BATCH:]  # what a single turned knob adds to all errors
    cost = config.point_cost * moved.square().sum(1) + config.handle_cost * handles.square().sum(1)
    return error.square().sum(1).mean() + config.turn_cost * turned.square().sum(1).mean() + cost.mean()


def _around(steering, surrogate, quantiles, config, anchors):
    """Return the loss of turning notes: their attributes should move by as much as the middle's are asked to."""
    knobs, points, pitch = (torch.cat([x, x]) for x in draw_around(BATCH, anchors))
    knobs, _ = _pairs(knobs[:BATCH], pitch[:BATCH])
    z, handles = steering.around(points, knobs, pitch)
    with torch.no_grad():
        own = surrogate(joined(points[:BATCH], pitch[:BATCH], torch.zeros(BATCH, 4)))
    moved = surrogate(joined(z, pitch, handles)) - torch.cat([own, own])
    asked = quantiles(knobs, pitch) - quantiles(torch.full_like(knobs, 0.5), pitch)
    return _loss((moved - asked) / quantiles.deviations, z - points, handles, config)


def _pairs(knobs, pitch):
    """Append to knobs ``(n, 4)`` and pitches ``(n,)`` the same with one of the four knobs turned elsewhere."""
    one = functional.one_hot(torch.randint(4, (len(knobs),)), 4).bool()
    return torch.cat([knobs, torch.where(one, torch.rand_like(knobs), knobs)]), torch.cat([pitch, pitch])


def draw(n, config, generator=None):
    """Return random knobs ``(n, 4)`` and keys ``(n,)`` within a run's range."""
    pitch = torch.randint(int(config.pitch_low), int(config.pitch_high) + 1, (n,), generator=generator)
    return torch.rand(n, 4, generator=generator), pitch.float()


def draw_around(n, anchors, generator=None):
    """Return random knobs ``(n, 4)``, and points ``(n, L)`` near random ones of some notes with their keys ``(n,)``."""
    codes, pitch = anchors
    row = torch.randint(len(codes), (n,), generator=generator)
    points = codes[row] + AROUND * torch.randn(n, codes.shape[1], generator=generator)
    return torch.rand(n, 4, generator=generator), points, pitch[row]


def close_loop(steering, chain, quantiles, config, seed, anchors=None):
    """Train a steering network against the real chain.

    Parameters
    ----------
    steering : Steering
        Trained in place.
    chain : Renderer
        Plays and measures.
    quantiles : Quantiles
        What knobs ask for.
    config : Config
        How many notes to play, and what costs what.
    seed : int
        Of everything random.
    anchors : tuple of torch.Tensor, optional
        Codes ``(n, L)`` and pitches ``(n,)`` of notes that the knobs should turn, too.

    Returns
    -------
    list of dict
        A row per round: notes played so far, error that the surrogate believed in, error that was then heard.
    """
    generator = torch.Generator().manual_seed(seed)
    notes, rows, stay, surrogate = _Notes(chain, steering, generator), [], None, None
    _, pitch = draw(config.first, config, generator)
    z = SPREAD * torch.randn(config.first, steering.latent_dim, generator=generator)
    if anchors is not None:
        half = config.first // 2
        _, z[:half], pitch[:half] = draw_around(half, anchors, generator)
    notes.add(z, pitch, 2.0 * torch.rand(config.first, 4, generator=generator) - 1.0, 0.0)
    for number in range(config.rounds + 1):
        last = number == config.rounds
        surrogate = fit_surrogate(*notes.known(), config.fit_steps, seed + number, surrogate)
        believed = steer(steering, surrogate, quantiles, config, seed + number, config.steps * (4 if last else 1),
                         anchors, stay)
        stay = copy.deepcopy(steering)
        rows.append({"step": len(notes.inputs), "believed": believed})
        if last:
            return rows
        knobs, pitch = draw(config.more, config, generator)
        with torch.no_grad():
            heard = notes.add(*_with_pitch(steering(knobs, pitch), pitch), AROUND / (1 + number))
            error = (heard - quantiles(knobs, pitch)) / quantiles.deviations
            rows[-1]["heard"] = float(error.square().nanmean().sqrt())
            if anchors is not None:
                knobs, points, pitch = draw_around(config.turned, anchors, generator)
                notes.add(*_with_pitch(steering.around(points, knobs, pitch), pitch), 0.0)
    return rows


def _with_pitch(found, pitch):
    return found[0], pitch, found[1]


class _Notes:
    """Notes played so far, with what was heard."""

    def __init__(self, chain, steering, generator):
        self.chain, self.generator, self.use_handles = chain, generator, float(steering.use_handles)
        self.inputs, self.heard = torch.empty(0, steering.latent_dim + 5), torch.empty(0, 4)

    def add(self, z, pitch, handles, around):
        """Play points and handles, each moved at random by a deviation of ``around``; return what was heard."""
        z = z + around * torch.randn(z.shape, generator=self.generator)
        handles = (handles + around * torch.randn(handles.shape, generator=self.generator)).clamp(-1.0, 1.0)
        handles = handles * self.use_handles
        heard = torch.tensor(self.chain.measure(z, pitch, handles), dtype=torch.float32)
        self.inputs = torch.cat([self.inputs, joined(z, pitch, handles)])
        self.heard = torch.cat([self.heard, heard])
        return heard

    def known(self):
        """Return inputs and attributes of the notes that could be measured."""
        kept = torch.isfinite(self.heard).all(1)
        return self.inputs[kept], self.heard[kept]
