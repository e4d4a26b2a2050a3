"""The network that turns knobs: four knobs and a pitch -> a point and handles.

It is trained through surrogates of the whole chain (decoder, handles, vocoder, descriptors), then played, measured
and corrected where they were wrong: the loop is closed on the waveform, not on the model's own prediction.

Contents
--------
Steering     the network
steer        trains it through a committee of surrogates
draw         random knobs and keys
close_loop   explore, steer, play, measure, refit, steer again
"""

import copy

import torch
from torch import nn
from torch.nn import functional

from latentsampler.projection.surrogate import Keys, fit_committee

FARTHEST = 2.5  # deviations of the codes: the network cannot leave the cloud
KEY_SIZE = 8
AROUND = 0.1  # deviation of the points tried around those that the network asks for
TRUST = 3.0  # how much more often a note that was asked for is drawn than one of the first, random ones


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
        self.net = nn.Sequential(nn.Linear(5 + KEY_SIZE, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
                                 nn.Linear(width, width), nn.SiLU(), nn.Linear(width, latent_dim + 4))
        nn.init.normal_(self.net[-1].weight, std=0.01)  # training starts at the middle of the space

    def forward(self, knobs, pitch):
        """Return points and handles."""
        place = ((pitch - self.middle) / self.reach).unsqueeze(1)
        out = self.net(torch.cat([2.0 * knobs - 1.0, place, self.keys(pitch)], dim=1))
        z = self.farthest * torch.tanh(out[:, :self.latent_dim] / self.farthest)
        handles = torch.tanh(out[:, self.latent_dim:])
        return z, handles if self.use_handles else torch.zeros_like(handles)


def joined(z, pitch, handles):
    """Return what a surrogate sees: ``(n, L + 5)``."""
    return torch.cat([z, pitch[:, None], handles], dim=1)


def steer(steering, committee, quantiles, config, seed, stay=None):
    """Train a steering network through a committee of surrogates.

    The squared error is the mean over the members: what they are wrong by together, and by how much they disagree.
    So points are avoided at which an attribute jumps (an onset more or less) or that were not explored.

    Parameters
    ----------
    steering : Steering
        Trained in place.
    committee : list of Surrogate
        What its points are believed to sound like.
    quantiles : Quantiles
        What knobs ask for.
    config : Config
        Steps, pitch range, and what leaving the middle costs.
    seed : int
        Of the knobs tried.
    stay : Steering, optional
        From whose points it should move no farther than the error is worth.

    Returns
    -------
    float
        Root mean square of the error that the committee believes in, in deviations of the dataset.
    """
    torch.manual_seed(seed)
    optimiser = torch.optim.Adam(steering.parameters(), lr=2e-3)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.steps)
    for _ in range(config.steps):
        knobs, pitch = _pairs(*draw(128, config))
        z, handles = steering(knobs, pitch)
        inputs, asked = joined(z, pitch, handles), quantiles(knobs, pitch)
        error = torch.stack([(member(inputs) - asked) / quantiles.deviations for member in committee])  # (m, B, 4)
        turned = error[:, :128] - error[:, 128:]  # what a single turned knob adds to all errors
        cost = config.point_cost * z.square().sum(1) + config.handle_cost * handles.square().sum(1)  # (B,)
        if stay is not None:
            with torch.no_grad():
                before = joined(stay(knobs, pitch)[0], pitch, stay(knobs, pitch)[1])
            cost = cost + config.stay_cost * (inputs - before).square().sum(1)
        loss = error.square().sum(2).mean() + config.turn_cost * turned.square().sum(2).mean() + cost.mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        rate.step()
    return float(error.detach().square().mean()) ** 0.5


def _pairs(knobs, pitch):
    """Append to knobs ``(n, 4)`` and pitches ``(n,)`` the same with one of the four knobs turned elsewhere."""
    one = functional.one_hot(torch.randint(4, (len(knobs),)), 4).bool()
    return torch.cat([knobs, torch.where(one, torch.rand_like(knobs), knobs)]), torch.cat([pitch, pitch])


def draw(n, config, generator=None):
    """Return random knobs ``(n, 4)`` and keys ``(n,)`` within a run's range."""
    pitch = torch.randint(int(config.pitch_low), int(config.pitch_high) + 1, (n,), generator=generator)
    return torch.rand(n, 4, generator=generator), pitch.float()


def close_loop(steering, chain, quantiles, config, seed):
    """Train a steering network against the real chain.

    Parameters
    ----------
    steering : Steering
        Trained in place.
    chain : Chain
        Plays and measures.
    quantiles : Quantiles
        What knobs ask for.
    config : Config
        How many notes to play, and what costs what.
    seed : int
        Of everything random.

    Returns
    -------
    list of dict
        A row per round: notes played so far, error that the surrogate believed in, error that was then heard.
    """
    generator = torch.Generator().manual_seed(seed)
    _, pitch = draw(config.first, config, generator)
    z = 0.6 * torch.randn(config.first, steering.latent_dim, generator=generator)
    handles = (2.0 * torch.rand(config.first, 4, generator=generator) - 1.0) * float(steering.use_handles)
    notes, rows, stay = _Notes(chain, z, pitch, handles, 1.0), [], None
    for number in range(config.rounds + 1):
        committee = fit_committee(*notes.known(), config.members, config.fit_steps, seed + number)
        believed = steer(steering, committee, quantiles, config, seed + number, stay)
        stay = copy.deepcopy(steering)
        rows.append({"step": len(notes.inputs), "believed": believed})
        if number == config.rounds:
            return rows
        knobs, pitch = draw(config.more, config, generator)
        with torch.no_grad():
            z, handles = steering(knobs, pitch)
        z = z + AROUND * torch.randn(z.shape, generator=generator)
        handles = (handles + AROUND * torch.randn(handles.shape, generator=generator)).clamp(-1.0, 1.0)
        heard = notes.add(chain, z, pitch, handles * float(steering.use_handles), TRUST)
        error = (heard - quantiles(knobs, pitch)) / quantiles.deviations
        rows[-1]["heard"] = float(error.square().nanmean().sqrt())
    return rows


class _Notes:
    """Notes played so far, with what was heard."""

    def __init__(self, chain, z, pitch, handles, trust):
        self.inputs, self.heard, self.trust = torch.empty(0, z.shape[1] + 5), torch.empty(0, 4), torch.empty(0)
        self.add(chain, z, pitch, handles, trust)

    def add(self, chain, z, pitch, handles, trust):
        heard = torch.tensor(chain.measure(z, pitch, handles), dtype=torch.float32)
        self.inputs = torch.cat([self.inputs, joined(z, pitch, handles)])
        self.heard = torch.cat([self.heard, heard])
        self.trust = torch.cat([self.trust, torch.full((len(z),), trust)])
        return heard

    def known(self):
        """Return inputs, attributes and weights of the notes that could be measured."""
        kept = torch.isfinite(self.heard).all(1)
        return self.inputs[kept], self.heard[kept], self.trust[kept]
