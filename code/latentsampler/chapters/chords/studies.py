"""What is compared over five splits by song: predictors and what they must beat.

Contents
--------
Setting         what all cells share
cells           setting + sources -> cell -> arguments of ``run_cell``
run_cell        one method on one fold -> figures
table           a record as text, the published figures beside it
STUDIES         what ``main.py study chords/NAME`` runs
"""

from dataclasses import dataclass, replace

import torch

from latentsampler.chapters.chords import baselines, experiment, measuring
from latentsampler.chapters.chords.songs import Windows, open_songs, windows
from latentsampler.evaluation.statistics import t_interval
from latentsampler.experiments.grid import Study

# as given for Carsault et al., MLSP 2019: accuracy and perplexity on A1, A2, A3 (their MLP with aggregation has 2.1 M
# parameters, their LSTM 6.9 M); another two thirds of the songs are at hand
PUBLISHED = {"published, best": (42.3, 38.0, 36.5, 7.40, 12.9, 15.7), "published, LSTM": (41.8, 37.3, 36.0),
             "published, repeat": (34.2, 31.6, 31.1)}
METHODS = ("repeat", "ngram", "nearest", "predictor", "musical")
PREFIXES = {"predictor": {"same_": "predictor", "plain_": "predictor, A3 symbols", "": "predictor, key and bar"},
            "musical": {"": "the same, musical loss"}}  # what is shown of a row that has more than one reading


@dataclass(frozen=True)
class Setting:
    """What all cells share.

    Parameters
    ----------
    methods : tuple of str
        Rows of the table.
    folds : int
        How many of the five.
    stride : int
        Each how many-th test window is asked; the nearest neighbour gets a fiftieth of these.
    steps : int
        Of the predictor; 0 for the run's own.
    """

    methods: tuple = METHODS
    folds: int = 5
    stride: int = 4
    steps: int = 0


def cells(setting, sources):
    """Return cell name -> arguments of :func:`run_cell`, fold by fold."""
    return {f"{method}/seed{fold}": (method, fold, setting, str(sources["data"]))
            for fold in range(setting.folds) for method in setting.methods}


def checksum(setting, sources):
    """Return the identity of the songs."""
    return open_songs(sources["data"]).checksum


def every(found, stride):
    """Return each ``stride``-th of some windows."""
    return Windows(*(tensor[::stride] for tensor in found))


def run_cell(method, fold, setting, data):
    """Return the figures of a method on the test songs of a fold.

    Parameters
    ----------
    method : str
        An entry of ``METHODS``.
    fold : int
        0 to 4.
    setting : Setting
        Of the study.
    data : str
        Folder of songs.

    Returns
    -------
    dict
        As ``measure_prediction``; of baselines only what is asked with the same alphabet.
    """
    songs = open_songs(data)
    training, _, test = experiment.divide(songs, fold)
    asked = every(windows(test.songs), setting.stride)
    if method in PREFIXES:
        config = replace(experiment.RUNS[method], fold=fold)
        if setting.steps:
            config = replace(config, schedule=replace(config.schedule, steps=setting.steps))
        module, _ = experiment.fit(config, 0, songs, progress=False)
        with torch.inference_mode():
            found = measuring.measure_prediction(module.predict, asked)
        return found | {"parameters": experiment.count(module.predictor)}
    counted = windows(training.songs)
    if method == "nearest":
        return same_alphabet(lambda number: baselines.Nearest(reduced(counted, number)), every(asked, 50))
    if method == "ngram":
        return same_alphabet(lambda number: baselines.NGram(counted, number), asked)
    return same_alphabet(lambda number: baselines.Repeat(), asked)


def reduced(found, number):
    """Return windows whose inputs are reduced to an alphabet."""
    return found._replace(x=baselines.REDUCED[number][found.x])


def same_alphabet(make, asked):
    """Return the figures of three baselines, each reading and predicting one alphabet."""
    figures = {}
    for number, name in enumerate(measuring.ALPHABETS):
        method, tally = make(number), measuring.Tally(name)
        for index in torch.arange(len(asked.x)).split(1024):
            x, y, key, place, _ = (tensor[index] for tensor in reduced(asked, number))
            tally.add(method(x, key, place, torch.full_like(key, number)), y)
        figures |= tally.figures("same_")
    return figures


def summary(metrics):
    """Return row -> accuracies in per cent and perplexities on A1, A2, A3: (mean, half width) over the folds each.

    The predictor has three rows: the reference's protocol, symbols of A3, and key and place in the bar as well.
    """
    rows = {}
    for method in METHODS:
        found = [value for cell, value in metrics.items() if cell.split("/")[0] == method]
        for prefix, name in PREFIXES.get(method, {"same_": method}).items() if found else ():
            rows[name] = [_mean([scale * value[f"{prefix}{kind}_{a}"] for value in found])
                          for kind, scale in (("accuracy", 100.0), ("perplexity", 1.0)) for a in measuring.ALPHABETS]
    return rows


def splits(metrics):
    """Return row -> how many splits it is the mean of."""
    return {name: sum(cell.split("/")[0] == method for cell in metrics) for method in METHODS
            for name in PREFIXES.get(method, {"same_": method}).values()}


def distances(metrics):
    """Return row -> (mean, half width) over the folds of the distance of the likeliest chord's pitch classes."""
    found = {method: [value["distance_a3"] for cell, value in metrics.items() if cell.split("/")[0] == method]
             for method in PREFIXES}
    return {method: _mean(values) for method, values in found.items() if values}


def _mean(values):
    if len(values) < 2:
        return values[0], float("nan")
    interval = t_interval(values)
    return interval.value, (interval.high - interval.low) / 2


def table(record):
    """Return a record of the study as text: accuracy in per cent, perplexity, 95 % intervals over splits (number)."""
    lines = [f"{'':24s}" + "".join(f"{f'{kind} {a}':>16s}" for kind in ("acc.", "ppl.") for a in ("A1", "A2", "A3"))]
    counts = splits(record["metrics"])
    for name, values in summary(record["metrics"]).items():
        name = f"{name} ({counts[name]})"
        shown = values[:3] if name.split()[0] in ("repeat", "nearest") else values  # these two give no probabilities
        lines.append(f"{name:24s}" + "".join(f"{f'{mean:.2f} +- {half:.2f}':>16s}" for mean, half in shown))
    for name, (mean, half) in distances(record["metrics"]).items():
        lines.append(f"distance of pitch classes, {name}: {mean:.3f} +- {half:.3f}")
    for name, values in PUBLISHED.items():
        lines.append(f"{name:24s}" + "".join(f"{value:>16g}" for value in values))
    return "\n".join(lines)


STUDIES = {"prediction": Study(
    text="eight beats from eight, over five splits by song: predictors and what they must beat", setting=Setting(),
    cells=cells, run_cell=run_cell, table=table, checksum=checksum, sources={"data": "build/realbook"},
    small=Setting(methods=METHODS[:4], folds=2, stride=16, steps=100), record=("chords-benchmark", "prediction"))}
