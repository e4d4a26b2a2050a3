"""The vocoders in the report: all of them on the same notes, and the effect of each part."""

import numpy as np

from latentsampler.evaluation.changes import change, figure_changes, listed
from latentsampler.runtime.latex import tabular, trained_on

VOCODERS = {"shipped": "ours", "untrained": "ours, untrained", "griffin-lim-60": "Griffin--Lim, 60",
            "fast-griffin-lim-60": "fast Griffin--Lim, 60", "mcnn-published": "MCNN, as published"}
PARTS = {"iterations-0": "no iteration", "iterations-1": "1 iteration", "iterations-2": "2 iterations",
         "iterations-5": "5 iterations", "iterations-8": "8 iterations", "no-bend": "given pitch only",
         "no-noise": "no noise phases", "in-phase": "harmonics in phase"}


def benchmark(records):
    """Return the record that compares all ways from mel to sound: the full one, or else the small one."""
    full = (records.results / "vocoder-benchmark" / "full" / "seed0").is_dir()
    return records.read("vocoder-benchmark", "full" if full else "small")


def table_vocoder(records):
    """Return the table of vocoders: spectral convergence with its interval over recordings, tune, and speed."""
    record = benchmark(records)
    sets, timings = record["metrics"]["sets"], record["provenance"]["timings"]
    names = [name for name in ("recordings", "decoded", "toy") if name in sets]
    rows = []
    for vocoder, title in VOCODERS.items():
        if vocoder in sets["recordings"]:
            cells = [_bracketed(sets[name][vocoder]["sc_1024_db"]) for name in names]
            tune = f"${100 * sets['recordings'][vocoder]['cents_within_10'][0]:.0f}$"
            rows.append([title, *cells, tune, f"${timings[vocoder]['times_griffin_lim_60']:.1f}$"])
    return tabular(["from mels to sound", *(f"{name} (dB)" for name in names), r"in tune (\%)", "speed"], rows,
                   "l" + "c" * (len(names) + 2))


def _bracketed(values, digits=1):
    value, low, high = values
    if not np.isfinite([low, high]).all():
        return f"${value:.{digits}f}$"
    return f"${value:.{digits}f}$ [${low:.{digits}f}$, ${high:.{digits}f}$]"


def parts(records, source="clean"):
    """Return what each part of the vocoder does to spectral convergence (dB), over recordings: name -> Change."""
    found = records.read("vocoder-benchmark", "parts")["metrics"][source]
    return {title: change(*found[name]["sc_db"]) for name, title in PARTS.items() if name in found}


def _whole(source):
    return lambda records: tuple(records.read("vocoder-benchmark", "parts")["metrics"][source]["whole"]["sc_db"])


def _against_griffin_lim(vocoder):
    return lambda records: tuple(benchmark(records)["metrics"]["pairs"]["recordings"][vocoder]["sc_1024_db"])


TABLES = {"vocoder": table_vocoder}
FIGURES = {"parts": lambda records: figure_changes(parts(records), "change of spectral convergence (dB)")}
DERIVED = {
    "parts worse": lambda records: listed(parts(records), "worse"),
    "parts better": lambda records: listed(parts(records), "better"),
    "parts decoded": lambda records: max(abs(cell.mean) for cell in parts(records, "decoded").values()),
    "vocoder whole": _whole("clean"), "vocoder decoded": _whole("decoded"),
    "vocoder trained": trained_on("vocoder/harmonic"),
    "ours against griffin-lim": _against_griffin_lim("shipped"),
    "fast against griffin-lim": _against_griffin_lim("fast-griffin-lim-60"),
    "untrained against griffin-lim": _against_griffin_lim("untrained"),
    "times griffin-lim": lambda records: benchmark(records)["provenance"]["timings"]["shipped"][
        "times_griffin_lim_60"],
    "benchmark notes": lambda records: benchmark(records)["metrics"]["notes"]["recordings"],
}
