"""What the note stores were decided by: ``study data/frontends | preparation | speed``.

Each is one cell: its figures come from the same notes in one process.

Contents
--------
STUDIES   name -> Study
"""

from dataclasses import dataclass
from pathlib import Path

from latentsampler.data import benchmark, preparation_study, study
from latentsampler.data.cli import open_source
from latentsampler.experiments.grid import Study


@dataclass(frozen=True)
class Setting:
    """Which notes of a source are taken.

    Parameters
    ----------
    every : int
        One of so many.
    """

    every: int


def frontends(setting, sources):
    """Measure mel front-ends."""
    return study.run_frontend_study(open_source(sources["source"], Path("data")), setting.every)._asdict()


def preparation(setting, sources):
    """Measure what trimming and levels do, on SoundFont notes."""
    return preparation_study.run_preparation_study(step=setting.every)._asdict()


def speed(setting, sources):
    """Measure how fast notes become mels."""
    return benchmark.run_speed_benchmark(notes=setting.every)._asdict()


def _whole(setting, sources):
    return {"all": (setting, sources)}


def _checksum(setting, sources):
    return open_source(sources.get("source", "soundfont"), Path("data")).description.get("sha256", "")


def _metrics(results):
    return results["all"]["metrics"]


def _extras(results):
    return {"dataset": results["all"]["checksum"], **results["all"]["timings"]}


def _table(record):
    import json

    return json.dumps({"metrics": record["metrics"], "beside": record["provenance"]}, indent=1)


def _study(text, setting, small, run_cell, name, sources):
    return Study(text, setting, _whole, run_cell, _table, _checksum, sources, small=small, record=("dataset", name),
                 metrics=_metrics, extras=_extras, config=lambda results: results["all"]["config"])


SOURCE = {"source": "soundfont"}
STUDIES = {
    "frontends": _study("what mel front-ends keep of a note", Setting(7), Setting(200), frontends, "frontends", SOURCE),
    "preparation": _study("what trimming and levels do", Setting(6), Setting(24), preparation, "preparation", {}),
    "speed": _study("how fast notes become mels", Setting(300), Setting(12), speed, "speed", {}),
}
