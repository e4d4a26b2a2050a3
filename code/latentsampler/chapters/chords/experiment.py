"""What is trained here, by name, and how it is measured.

Contents
--------
Config, RUNS   everything that defines a run, but data and seed
open_data      a folder of songs
build, run     Config -> module; Config + songs -> chords.pt, metrics, history
measure        chords.pt + any folder of songs -> figures
"""

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from latentsampler.chapters.chords.alphabet import DISTANCE
from latentsampler.chapters.chords.measuring import measure_pieces, measure_prediction, measure_samples
from latentsampler.chapters.chords.model import Chords, save_chords
from latentsampler.chapters.chords.predictor import Predictor, relative
from latentsampler.chapters.chords.songs import NO_KEY, NO_PLACE, bars, folds, open_songs, windows
from latentsampler.chapters.chords.vae import ChordVAE, tonic_table
from latentsampler.chapters.chords.whole import BARS, SongVAE, cut, in_c, measure_whole, whole_songs
from latentsampler.contract.export import load_scripted, save_scripted, source_hash
from latentsampler.learning import regularisers
from latentsampler.learning.batch import Batch
from latentsampler.learning.training import Schedule, train

OUT = "chords.pt"
INPUTS = {}
open_data = open_songs


@dataclass(frozen=True)
class Config:
    """Everything that defines a run, but data and seed.

    Parameters
    ----------
    predictor, vae : dict
        Options of ``Predictor`` and ``ChordVAE``.
    regulariser : str
        A class of ``learning.regularisers``.
    weights : dict
        Of the loss terms: ``next`` (nats of what comes), ``musical`` (expected distance of its chroma), ``beats`` (nats
        of decoded beats), ``divergence`` (of codes from their prior). A term of weight 0 is not computed.
    hide_key, hide_place : float
        Share of training windows whose key, place in the bar is hidden.
    alphabets : tuple of float
        Shares of training windows whose input is reduced to A1, A2, and is not.
    whole : dict
        Options of ``SongVAE``: the run is of whole songs instead, and has no other part; empty for all others.
    fold : int
        Of five, by song: which is kept for the test; 5 for none.
    schedule : Schedule
        How long and how fast.
    """

    predictor: dict = field(default_factory=lambda: {"width": 448, "depth": 2, "embedding": 32, "dropout": 0.2})
    vae: dict = field(default_factory=lambda: {"beats": 16, "latent_dim": 16, "width": 256, "embedding": 16})
    regulariser: str = "KullbackLeibler"
    weights: dict = field(default_factory=lambda: {"next": 1.0, "musical": 0.0, "beats": 1.0, "divergence": 0.002})
    hide_key: float = 0.3
    hide_place: float = 0.3
    alphabets: tuple = (0.2, 0.2, 0.6)
    whole: dict = field(default_factory=dict)
    fold: int = 0
    schedule: Schedule = Schedule(steps=2400, batch_size=384, learning_rate=2e-3, warmup=100, valid_every=400)


BASE = Config()


def weighted(steps=BASE.schedule.steps, **changed):
    """Return the base with some weights changed, and the number of steps."""
    return replace(BASE, weights={**BASE.weights, **changed}, schedule=replace(BASE.schedule, steps=steps))


PREDICTOR = replace(weighted(beats=0.0, steps=800), predictor={**BASE.predictor, "width": 320})
RUNS = {
    "standards": BASE,
    "all-songs": replace(BASE, fold=5),  # for songs that are judged elsewhere
    # five of it, one a fold, make the table; the codes do not matter there
    "predictor": PREDICTOR,
    # what patch/chords.pt holds; all songs, for it is judged elsewhere
    "shipped": replace(BASE, predictor={"width": 256, "depth": 2, "embedding": 16, "dropout": 0.1},
                       vae={**BASE.vae, "width": 192}, fold=5, schedule=replace(BASE.schedule, steps=1600)),
    # the same within 1 MB at half precision
    "small": replace(BASE, predictor={"width": 192, "depth": 2, "embedding": 16, "dropout": 0.1},
                     vae={**BASE.vae, "width": 176}, fold=5,
                     schedule=replace(BASE.schedule, steps=1200, learning_rate=3e-3)),
    # two of the code's numbers to a bar instead of four
    "long": replace(BASE, vae={**BASE.vae, "beats": 32}, weights={**BASE.weights, "next": 0.0},
                    schedule=replace(BASE.schedule, steps=1600)),
    # the reference's idea: near chords are cheaper mistakes
    "musical": replace(PREDICTOR, weights={**PREDICTOR.weights, "musical": 0.5}),
    # whole songs with a stop symbol
    "whole": replace(weighted(next=0.0, divergence=0.0002, steps=1500), whole={"latent_dim": 32, "width": 192},
                     schedule=replace(BASE.schedule, steps=1500, batch_size=24, learning_rate=3e-3)),
}
BETTER = {name: better for a in ("a1", "a2", "a3") for name, better in ((f"accuracy_{a}", "higher"),
                                                                         (f"perplexity_{a}", "lower"))}
ABLATIONS = {"predictor": {
    "musical-loss": RUNS["musical"],
    "always-key": replace(RUNS["predictor"], hide_key=0.0, hide_place=0.0),
    "a3-only": replace(RUNS["predictor"], alphabets=(0.0, 0.0, 1.0)),
}}


def build(config):
    """Return the untrained module of a config."""
    if config.whole:
        return SongVAE(**config.whole)
    return Chords(Predictor(**config.predictor), ChordVAE(**config.vae))


def divide(songs, fold):
    """Return training, validation and test songs; of the former two only those fit for it, by hash of their group."""
    own, fine = folds(songs.songs, 5), folds(songs.songs, 100)
    usable = np.array([song.usable for song in songs.songs])
    valid = (fine // 5 == 7) & (own != fold)
    return (songs.subset(usable & (own != fold) & ~valid), songs.subset(usable & valid), songs.subset(own == fold))


class Task:
    """Loss and validation of one run: joins module, songs and config."""

    def __init__(self, module, songs, config):
        self.module, self.config = module, config
        self.windows = windows(songs.songs)
        module.vae.tonics.copy_(tonic_table(songs.songs))
        pieces, _ = bars(songs.songs, module.vae.beats)
        self.pieces = relative(pieces, module.vae.tonic(pieces)) if config.weights["beats"] else pieces[:0]
        kind = getattr(regularisers, config.regulariser)
        self.regulariser = kind(module.vae.latent_dim, 1, 1)
        self.shares = torch.tensor(config.alphabets).cumsum(0)

    def loss(self, indices):
        """Return the loss terms of some windows, and of half as many pieces."""
        weights, terms = self.config.weights, {}
        if weights["next"] or weights["musical"]:
            terms |= self._next(indices)
        if weights["beats"] and len(self.pieces):
            terms |= self._pieces(self.pieces[torch.randint(len(self.pieces), (len(indices) // 2,))])
        return terms

    def _next(self, indices):
        x, y, key, place, _ = (tensor[indices] for tensor in self.windows)
        key = torch.where(torch.rand(len(x)) < self.config.hide_key, NO_KEY, key)
        place = torch.where(torch.rand(len(x)) < self.config.hide_place, NO_PLACE, place)
        alphabet = (torch.rand(len(x), 1) > self.shares[:2]).sum(1)
        predictor = self.module.predictor
        if not self.config.weights["musical"]:
            return {"next": predictor.loss(x, y, key, place, alphabet)}
        logits, root = predictor.logits(x, key, place, alphabet)
        y = relative(y, root)
        near = (logits.softmax(2) * DISTANCE[y]).sum(2).mean()  # expected distance of what is predicted
        return {"next": torch.nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten()), "musical": near}

    def _pieces(self, x):
        vae = self.module.vae
        mean, log_variance = vae.posterior(x)
        random = self.regulariser.random_encoder
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp() if random else mean
        logits = vae.logits(z, x)
        batch = Batch(z, mean, log_variance if random else None, torch.randn_like(z), x, logits, x[:, 0], {}, vae)
        return {"beats": torch.nn.functional.cross_entropy(logits.flatten(0, 1), x.flatten()),
                **self.regulariser(batch)}

    def valid(self, part):
        """Return nats of the windows, and of the pieces, of some songs."""
        total = 0.0
        if self.config.weights["next"]:
            x, y, key, place, _ = (tensor[::7] for tensor in part.windows)
            total += float(self.module.predictor.loss(x, y, key, place, torch.full_like(key, 2)))
        if self.config.weights["beats"]:
            mean, _ = self.module.vae.posterior(part.pieces)
            logits = self.module.vae.logits(mean, part.pieces)
            total += float(torch.nn.functional.cross_entropy(logits.flatten(0, 1), part.pieces.flatten()))
        return total


class Part:
    """Windows and pieces of validation songs."""

    def __init__(self, songs, vae):
        self.windows, (pieces, _) = windows(songs.songs), bars(songs.songs, vae.beats)
        self.pieces = relative(pieces, vae.tonic(pieces))


def fit(config, seed, songs, checkpoint=None, progress=True):
    """Train on a folder's training songs.

    Parameters
    ----------
    config : Config
        What to train.
    seed : int
        Fixes initial weights and order.
    songs : SongSet
        All songs.
    checkpoint : str, optional
        See ``learning.training.train``.
    progress : bool
        Show a bar.

    Returns
    -------
    module : Chords
        Trained, in evaluation mode.
    history : list of dict
        One row per validation.
    """
    training, valid, _ = divide(songs, config.fold)
    if not training.songs or not valid.songs:
        raise ValueError(f"expected enough songs to train and to validate, got {len(songs.songs)}")
    torch.manual_seed(seed)
    module = build(config)
    task = Task(module, training, config)
    part = Part(valid, module.vae)
    history = train(module, task.loss, np.arange(len(task.windows.x)), config.schedule, seed, config.weights,
                    lambda: task.valid(part), checkpoint=checkpoint, identity=f"{config} {songs.checksum}",
                    progress=progress)
    module.eval()
    with torch.inference_mode():
        codes = module.vae.posterior(task.pieces)[0] if len(task.pieces) else torch.randn(64, module.vae.latent_dim)
    module.set_planes(codes.clone())
    return module, history


def run(config, seed, out, data, device="cpu", progress=True):
    """Train on a folder's training songs, write ``chords.pt``, measure it on its test songs.

    Parameters
    ----------
    config : Config
        What to train.
    seed : int
        Fixes initial weights and order.
    out : str or pathlib.Path
        The ``chords.pt`` to write; ``<out>.ckpt`` beside it lets a killed run go on.
    data : SongSet
        All songs.
    device : str
        ``"cpu"``: the networks are too small for more.
    progress : bool
        Show a bar.

    Returns
    -------
    metrics : dict
        As :func:`measure` gives them, of the songs of the fold, and of samples; counts.
    history : list of dict
        One row per validation.
    """
    if device != "cpu":
        raise ValueError(f"expected the device cpu, got {device}: the chapter's networks are small")
    if config.whole:
        return run_whole(config, seed, out, data, progress)
    module, history = fit(config, seed, data, f"{out}.ckpt", progress)
    save_chords(module, out, data.checksum)
    training, valid, test = divide(data, config.fold)
    test = test if test.songs else valid
    metrics = judge(module, test, module.vae.beats, config.weights) | {
        "n_songs": len(test.songs), "parameters_predictor": count(module.predictor),
        "parameters_vae": count(module.vae)}
    if config.weights["beats"] and config.weights["next"]:
        metrics |= measure_samples(module, training.songs, test.songs, seed)
    return metrics, history


def run_whole(config, seed, out, data, progress=True):
    """Train on whole songs, write the file, measure it on the test songs; arguments and results as of :func:`run`."""
    training, valid, test = divide(data, config.fold)
    torch.manual_seed(seed)
    module = build(config)
    module.tonics[:-1] = tonic_table(training.songs)
    x, held = (whole_songs(part.songs) for part in (training, valid))
    x, held = (in_c(part, module.tonic(part)) for part in (x, held))
    regulariser = getattr(regularisers, config.regulariser)(module.latent_dim, 1, 1)

    def loss(indices):
        songs = cut(x[indices])
        mean, log_variance = module.posterior(songs)
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        logits = module.logits(z)
        batch = Batch(z, mean, log_variance, torch.randn_like(z), songs, logits, songs[:, 0], {}, module)
        return {"beats": torch.nn.functional.cross_entropy(logits.flatten(0, 1), songs.flatten()),
                **regulariser(batch)}

    def validate():
        return torch.nn.functional.cross_entropy(module.logits(module.posterior(held)[0]).flatten(0, 1), held.flatten())

    history = train(module, loss, np.arange(len(x)), config.schedule, seed, config.weights, validate,
                    checkpoint=f"{out}.ckpt", identity=f"{config} {data.checksum}", progress=progress)
    save_scripted(module.eval(), out, {"kind": "songs", "latent_dim": module.latent_dim, "beats": 4 * BARS,
                                       "created_from": {"songs": data.checksum, "source": source_hash()}},
                  keep=("forward", "encode"))
    return measure_whole(module, test.songs or valid.songs) | {"n_songs": len(test.songs),
                                                               "parameters": count(module)}, history


def count(module):
    """Return the number of parameters of a module."""
    return sum(parameter.numel() for parameter in module.parameters())


def judge(module, songs, beats, weights=None):
    """Return the figures of a module, eager or loaded, on songs; of untrained parts (weight 0) none."""
    weights = weights or {"next": 1.0, "beats": 1.0}
    metrics = {}
    with torch.inference_mode():
        if weights["next"]:
            metrics |= measure_prediction(module.predict, windows(songs.songs))
        if weights["beats"]:
            metrics |= measure_pieces(module, songs.songs, beats)
    return metrics


def measure(model_file, data):
    """Return the figures of a ``chords.pt`` on a folder of songs, none of which it should have been trained on.

    Parameters
    ----------
    model_file : str or pathlib.Path
        The file.
    data : SongSet
        From :func:`open_data`.

    Returns
    -------
    dict
        accuracy_a1 to _a3 and perplexity_a1 to _a3 of eight beats from eight, with the key and the place in the bar
        where the folder has them; the same without them (``plain_``), and without them from symbols of the same
        alphabet only (``same_``), as the reference; vae_accuracy: share of the beats of four bars that come back. Of a
        file of whole songs, what ``measure_whole`` gives.
    """
    module, metadata = load_scripted(model_file, ("latent_dim", "beats"))
    if metadata.get("kind") == "songs":
        with torch.inference_mode():
            return measure_whole(module, data.songs)
    return judge(module, data, int(metadata["beats"]))
