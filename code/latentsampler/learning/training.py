"""The one training loop; it knows no model.

Conventions
-----------
* A loss is a function ``indices (B,) -> {name: scalar tensor}``; the total is the weighted sum of its terms.
* All randomness of a step follows from ``(seed, step)``: a run that was killed and resumed ends with the same
  weights as one that was not.
* Needs torch, numpy, scipy and tqdm only.

Contents
--------
Schedule   steps, batch, learning rate, when to validate and to stop
train      module + loss -> history; checkpoints, resumes, stops early
watched    calls a function with every row of history, as a search or a rerun needs
limited    pauses training after some minutes; the next call goes on
"""

import contextlib
import contextvars
import io
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from latentsampler.runtime.files import write_bytes
from latentsampler.runtime.progress import progress_bar


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    Parameters
    ----------
    steps : int
        Optimiser steps; the learning rate falls to zero along half a cosine over them.
    batch_size : int
        Notes per step.
    learning_rate : float
        Peak rate of Adam, reached after ``warmup`` steps.
    warmup : int
        Steps of linear rise.
    clip : float
        Largest norm of the gradient.
    valid_every : int
        Steps between validations.
    patience : int
        Validations without improvement before an early stop; 0 = never.
    checkpoint_seconds : float
        Least time between two checkpoints.
    """

    steps: int = 1000
    batch_size: int = 32
    learning_rate: float = 1e-3
    warmup: int = 50
    clip: float = 1.0
    valid_every: int = 200
    patience: int = 0
    checkpoint_seconds: float = 60.0

    def rate(self, step):
        """Return the learning rate of a step."""
        rise = min(1.0, (step + 1) / max(1, self.warmup))
        return self.learning_rate * rise * 0.5 * (1.0 + math.cos(math.pi * step / self.steps))


def train(module, loss, items, schedule, seed, weights=None, validate=None, checkpoint=None, identity="",
          device="cpu", progress=True):
    """Train a module in place.

    Parameters
    ----------
    module : torch.nn.Module
        What is trained; already on ``device``.
    loss : callable
        ``indices (B,) int64 -> {name: scalar tensor}``.
    items : numpy.ndarray
        ``(n,)`` indices of the training items.
    schedule : Schedule
        How long and how fast.
    seed : int
        Fixes the order of items and every random draw.
    weights : dict, optional
        Term name -> weight; 1 where a name is missing.
    validate : callable, optional
        ``() -> float``, smaller is better. The best weights so far are what remains after an early stop.
    checkpoint : str or pathlib.Path, optional
        File to resume from, when it is there, and to write while training. At the end it is renamed to
        ``<checkpoint>.done``, from which the same call returns at once; whoever writes the result removes that.
    identity : str
        What the run is (config, data): a checkpoint of another one is refused.
    device : str
        ``"cpu"`` or ``"cuda"``; on cuda, forward passes run in bfloat16 where that is safe (autocast).
    progress : bool
        Show a bar with the loss terms.

    Returns
    -------
    list of dict
        One row per validation: step, mean of each term since the last row, total, valid. Of a run that
        :func:`limited` pauses, the rows so far; its checkpoint stays.

    Raises
    ------
    FloatingPointError
        If the loss is not finite.
    ValueError
        If the checkpoint belongs to another run.
    """
    weights = weights or {}
    optimiser = torch.optim.Adam(module.parameters(), lr=schedule.learning_rate, betas=(0.9, 0.99))
    state = _Progress(module, optimiser, checkpoint, f"{identity} {schedule} seed {seed}")
    items = torch.as_tensor(items)
    with progress_bar(total=schedule.steps, initial=state.step, disable=not progress, desc="train", unit="step") as bar:
        while state.step < schedule.steps and not state.stopped:
            torch.manual_seed(seed * 1_000_003 + state.step)
            terms = _step(module, optimiser, loss, _batch(items, schedule, seed, state.step), weights, schedule,
                          state.step, device)
            state.add(terms)
            bar.update()
            if state.step % 10 == 0:
                bar.set_postfix({name: f"{value:.3g}" for name, value in terms.items()}, refresh=False)
            if state.step % schedule.valid_every == 0 or state.step == schedule.steps:
                state.close_row(validate, schedule.patience)
            if (limit := _LIMIT.get()) and not state.stopped and limit.over(state.step, schedule.steps):
                state.save(0.0)
                state.keep_best(schedule.patience)
                return state.history
            state.save(schedule.checkpoint_seconds)
    state.finish(schedule.patience)
    return state.history


_WATCHER = contextvars.ContextVar("watcher", default=None)  # as log handlers are: no chapter has to pass it on


@contextlib.contextmanager
def watched(callback):
    """Call ``callback(row)`` with every new row of history while the context lasts; what it raises ends the run."""
    token = _WATCHER.set(callback)
    try:
        yield
    finally:
        _WATCHER.reset(token)


class Limit:
    """A time at which training pauses.

    Parameters
    ----------
    minutes : float
        From now.
    """

    def __init__(self, minutes):
        self.end = time.monotonic() + 60.0 * minutes
        self.paused = None  # (step, steps) of a run that was paused

    def over(self, step, steps):
        """Say whether a run that is not done has to pause, and keep where."""
        if step < steps and time.monotonic() >= self.end:
            self.paused = step, steps
        return self.paused is not None


_LIMIT = contextvars.ContextVar("limit", default=None)


@contextlib.contextmanager
def limited(minutes):
    """Pause every training after so many minutes, at least one step after it began, while the context lasts.

    Parameters
    ----------
    minutes : float
        Wall-clock time.

    Yields
    ------
    Limit
        ``paused``: where a run was paused, or None.
    """
    token = _LIMIT.set(limit := Limit(minutes))
    try:
        yield limit
    finally:
        _LIMIT.reset(token)


def _batch(items, schedule, seed, step):
    """Return the indices of a step: each epoch is a permutation; an incomplete last batch is left out."""
    per_epoch = max(1, len(items) // schedule.batch_size)
    epoch, position = divmod(step, per_epoch)
    generator = torch.Generator().manual_seed(seed * 7_919 + epoch)
    order = torch.randperm(len(items), generator=generator)
    return items[order[position * schedule.batch_size:(position + 1) * schedule.batch_size]]


def _step(module, optimiser, loss, indices, weights, schedule, step, device):
    module.train()
    for group in optimiser.param_groups:
        group["lr"] = schedule.rate(step)
    with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
        terms = loss(indices)
        total = sum(weights.get(name, 1.0) * term for name, term in terms.items())
    if not torch.isfinite(total):
        raise FloatingPointError(f"the loss is not finite at step {step}: "
                                 f"{ {name: float(term.detach()) for name, term in terms.items()} }")
    optimiser.zero_grad(set_to_none=True)
    total.backward()
    torch.nn.utils.clip_grad_norm_(module.parameters(), schedule.clip)
    optimiser.step()
    return {name: float(term.detach()) for name, term in (*terms.items(), ("total", total))}


class _Progress:
    """Everything that must survive a kill: weights, optimiser, step, history, best weights."""

    def __init__(self, module, optimiser, checkpoint, identity):
        self.module, self.optimiser, self.identity = module, optimiser, identity
        self.path = Path(checkpoint) if checkpoint else None
        self.step, self.history, self.sums, self.count = 0, [], {}, 0
        self.best, self.best_weights, self.since_best, self.stopped = math.inf, None, 0, False
        self.saved_at = time.monotonic()
        if self.path and self.done.is_file():
            self._load(self.done)
        elif self.path and self.path.is_file():
            self._load(self.path)

    @property
    def done(self):
        return self.path.with_name(self.path.name + ".done")

    def add(self, terms):
        self.step += 1
        self.count += 1
        for name, value in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def close_row(self, validate, patience):
        row = {"step": self.step, **{name: total / self.count for name, total in self.sums.items()}}
        self.sums, self.count = {}, 0
        if validate is not None:
            self.module.eval()
            with torch.inference_mode():
                row["valid"] = float(validate())
            self._compare(row["valid"], patience)
        self.history.append(row)
        if watcher := _WATCHER.get():
            watcher(row)

    def _compare(self, value, patience):
        if value < self.best:
            self.best, self.since_best = value, 0
            if patience:
                self.best_weights = {k: v.detach().clone() for k, v in self.module.state_dict().items()}
        else:
            self.since_best += 1
            self.stopped = bool(patience) and self.since_best >= patience

    def keep_best(self, patience):
        if patience and self.best_weights is not None:
            self.module.load_state_dict(self.best_weights)

    def finish(self, patience):
        self.keep_best(patience)
        if self.path is not None and not self.done.is_file():
            self.save(0.0)  # what follows may fail: no step is done twice
            os.replace(self.path, self.done)

    def save(self, every_seconds):
        if self.path is None or time.monotonic() - self.saved_at < every_seconds:
            return
        kept = {name: getattr(self, name) for name in _KEPT}
        buffer = io.BytesIO()
        torch.save({"identity": self.identity, "module": self.module.state_dict(),
                    "optimiser": self.optimiser.state_dict(), **kept}, buffer)
        write_bytes(self.path, buffer.getbuffer())  # a kill leaves the old checkpoint or the new one, never half of one
        self.saved_at = time.monotonic()

    def _load(self, path):
        data = torch.load(path, map_location=next(self.module.parameters()).device, weights_only=True)
        if data["identity"] != self.identity:
            raise ValueError(f"the checkpoint {path} belongs to another run "
                             f"({_first_difference(self.identity, data['identity'])}); remove it, or name another file "
                             "with --out")
        self.module.load_state_dict(data["module"])
        self.optimiser.load_state_dict(data["optimiser"])
        for name in _KEPT:
            setattr(self, name, data[name])


def _first_difference(expected, got):
    """Return where two identities part, in a few words."""
    at = next((k for k, pair in enumerate(zip(expected, got, strict=False)) if pair[0] != pair[1]), 0)
    begin = max(expected.rfind(" ", 0, at), expected.rfind("(", 0, at)) + 1
    return f"expected {expected[begin:begin + 40]!r}, got {got[begin:begin + 40]!r}"


_KEPT = ("step", "history", "sums", "count", "best", "best_weights", "since_best", "stopped")
