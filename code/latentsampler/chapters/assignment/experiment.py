"""What is trained here, by name, and how it is measured.

Contents
--------
open_data    folder or ``generated:size=N,seed=S`` -> matrices with a checksum
build, run   Config -> network; Config + matrices to judge on -> assignment.pt, metrics, history
measure      a network's file + matrices -> figures
load         a network's file -> module, and the size that it needs
"""

import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from latentsampler.chapters.assignment import networks
from latentsampler.chapters.assignment.data import Source, open_data
from latentsampler.chapters.assignment.generate import Recipe, generate
from latentsampler.chapters.assignment.runs import ABLATIONS, BETTER, RUNS, Config
from latentsampler.chapters.assignment.scoring import answer, judge, tensors
from latentsampler.contract.export import load_scripted, save_scripted, source_hash
from latentsampler.learning.training import train

__all__ = ["ABLATIONS", "BETTER", "INPUTS", "MAKES_DATA", "MEASURE_OPTIONS", "OUT", "RUNS", "SEARCH", "Config", "build",
           "load", "measure", "open_data", "run"]

INPUTS = {}
OUT = "assignment.pt"
MAKES_DATA = True
MEASURE_OPTIONS = {"size": (int, 0, "size of generated matrices, 1 to 20 (default: the data's own)")}
SEARCH = {"schedule.learning_rate": ("log", 3e-4, 3e-2), "heads": ("choice", 1, 3),
          "loss": ("choice", "plain", "weighted", "focal")}
JUDGED = (2, 5, 10, 15, 20)  # of networks of every size
TRAINING = 1_000_000  # seeds of training draws begin here: data that judge have smaller ones


def build(config):
    """Return the untrained network of a config."""
    kind = getattr(networks, config.network)
    return kind(config.matrix_sizes[0], **config.sizes) if kind.reads_padding else kind(**config.sizes)


def run(config, seed, out, data, device="cpu", progress=True):
    """Train on matrices of the config's recipe, write ``assignment.pt``, and judge it on other matrices.

    Parameters
    ----------
    config : Config
        What to train.
    seed : int
        Fixes training matrices, initial weights and order.
    out : str or pathlib.Path
        The file to write; ``<out>.ckpt`` beside it lets a killed run go on.
    data : data.Source
        What is judged on: a tenth for validation, the rest as test. Drawn matrices are drawn at each size that is
        judged.
    device : str
        ``"cpu"`` or ``"cuda"``.
    progress : bool
        Show a bar.

    Returns
    -------
    metrics : dict
        As ``scoring.judge`` without timings; below ``size2``, ... for a network of several sizes; parameters.
    history : list of dict
        One row per validation.
    """
    torch.manual_seed(seed)
    module = build(config).to(device)
    task = _Task(module, config, seed, data, device)
    schedule = task.schedule()
    history = train(module, task.loss, np.arange(config.examples), schedule, seed, task.weights, task.error,
                    checkpoint=f"{out}.ckpt", identity=f"{config} {data.checksum}", device=device, progress=progress)
    module = module.cpu().eval()
    save_scripted(module, out, {
        "kind": "assignment", "network": config.network, "reads_padding": module.reads_padding,
        "size": config.matrix_sizes[0] if module.reads_padding else 0,
        "created_from": {"dataset": data.checksum, "source": source_hash(), "config": asdict(config), "seed": seed}})
    metrics = {"parameters": sum(p.numel() for p in module.parameters())}
    tests = {size: task.test(size) for size in config.matrix_sizes if len(config.matrix_sizes) == 1 or size in JUDGED}
    judged = {size: judge(module, test, task.published, timed=False) for size, test in tests.items()}
    if len(judged) == 1:
        return {**metrics, **next(iter(judged.values()))}, history
    return {**metrics, **{f"size{size}": figures for size, figures in judged.items()}}, history


class _Task:
    """Loss and validation of one run: joins network, training matrices and those that judge."""

    def __init__(self, module, config, seed, data, device):
        self.module, self.config, self.data, self.device = module, config, data, device
        self.published = data.published and module.reads_padding
        self.marked = not (config.recipe.padding == "far" and module.reads_padding)
        drawn = {size: generate(replace(config.recipe, size=size), config.examples, TRAINING + seed)
                 for size in config.matrix_sizes}
        self.pools = [tuple(x.to(device) for x in tensors(matrices)) for matrices in drawn.values()]
        self.ones = {size: float(matrices.assignment.mean()) for size, matrices in drawn.items()}
        self.weights = {"rows": float(config.heads == 3), "columns": float(config.heads == 3)}
        self.valid = [(size, self._valid(size)) for size in config.matrix_sizes[::6]]

    def loss(self, indices):
        pool = self.pools[int(torch.randint(len(self.pools), ()))]
        distances, rows, columns, truth = (x[indices] for x in pool)
        if not self.marked:
            rows, columns = torch.ones_like(rows), torch.ones_like(columns)
        return self.terms(self.module(distances, rows, columns), truth.float())

    def terms(self, logits, truth):
        """Return the cross-entropies of pairs, of rows and of columns, summed over entries, mean over matrices."""
        size = truth.shape[1]
        return {"pairs": self._entropy(logits, truth, self.ones[size]) / size,
                "rows": self._entropy(logits.amax(2), truth.sum(2), None) / size,
                "columns": self._entropy(logits.amax(1), truth.sum(1), None) / size}

    def _entropy(self, logits, truth, ones):
        each = cross_entropy(logits, truth, reduction="none")
        if self.config.loss == "weighted" and ones is not None:
            each = each * torch.where(truth > 0.5, 0.5 / ones, 0.5 / (1.0 - ones))
        if self.config.loss == "focal":
            each = each * (1.0 - torch.exp(-each)) ** 2
        return each.sum() / len(truth)

    def error(self):
        """Return the share of validation matrices that are not exact."""
        wrong = [1.0 - ((answer(self.module, matrices, self.published).numpy() > 0) == matrices.assignment)
                 .all((1, 2)).mean() for _, matrices in self.valid]
        return sum(wrong) / len(wrong)

    def _valid(self, size):
        matrices = self.data.at(size).matrices
        return matrices.take(slice(0, min(512, matrices.count // 10)))

    def test(self, size):
        """Return the matrices that judge."""
        matrices = self.data.at(size).matrices
        return matrices.take(slice(matrices.count // 10, None))

    def schedule(self):
        """Return the schedule, with as many steps as fit into the config's seconds, where it has some."""
        config = self.config
        if not config.seconds:
            return config.schedule
        random = torch.get_rng_state()
        times = []
        for _ in range(12):
            begin = time.process_time()
            sum(self.loss(torch.arange(config.schedule.batch_size)).values()).backward()
            times.append(time.process_time() - begin)
        torch.set_rng_state(random)
        steps = max(20, int(config.seconds / (1.15 * float(np.median(times)))))  # Adam takes about a seventh
        return replace(config.schedule, steps=steps, valid_every=steps)


def load(path):
    """Return the network of a file, and the one size that it takes, 0 for any.

    Parameters
    ----------
    path : str or pathlib.Path
        ``assignment.pt``, or the published checkpoint as plain arrays (``.npz``).

    Returns
    -------
    tuple
        Module, and int.
    """
    if Path(path).suffix == ".npz":
        module = networks.from_arrays(path)
        return module, module.size
    module, about = load_scripted(path, ("reads_padding", "size"))
    return module, about["size"]


def measure(model_file, data, size=0):
    """Return the figures of a network on matrices of anyone.

    Parameters
    ----------
    model_file : str or pathlib.Path
        As for :func:`load`.
    data : data.Source or None
        What is judged on, whole; None for 4,000 drawn matrices.
    size : int
        Size of drawn matrices, 0 for the data's own.

    Returns
    -------
    dict
        f1_positive, exact, exact_full, valid, equivariance_error, cost_gap, microseconds and more of
        ``scoring.judge``; the same for the all-zero answer (``all_zero_``) and for SciPy (``scipy_``).

    Raises
    ------
    ValueError
        If the network has one size and the data another.
    """
    module, needed = load(model_file)
    data = Source(Recipe(size or needed or 2)) if data is None else data.at(size)
    if needed not in (0, data.recipe.size):
        raise ValueError(f"expected matrices of size {needed} for {model_file}, got {data.recipe.size}")
    return judge(module, data.matrices, published=data.published and needed != 0)
