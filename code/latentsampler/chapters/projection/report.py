"""The knobs in the report: each shipped knob, and the ways to attach knobs to a latent space."""

from latentsampler.runtime.latex import tabular

METHODS = {"knobs": "point and effects", "latent": "point alone", "linear": "linear inverse",
           "flow": "conditional flow", "regularised-axes": "attribute-regularised axes",
           "conditional": "conditional decoder"}


def table_methods(records):
    """Return the table of ways to attach knobs: what is recorded, measured on the waveform."""
    rows = []
    for run, title in METHODS.items():
        if f"projection/{run}/monotone" in records:
            found = {name: records.mean(f"projection/{run}/{name}")
                     for name in ("sweeps", "monotone", "spearman", "crosstalk_mean", "drift_cents")}
            rows.append([title, f"{found['sweeps']:.0f}", f"${100 * found['monotone']:.0f}$",
                         f"${found['spearman']:.2f}$", f"${found['crosstalk_mean']:.2f}$",
                         f"${found['drift_cents']:.1f}$"])
    return tabular(["method", "sweeps", r"mon. (\%)", "rank", "cross-talk", "cents"], rows, "lccccc")


def table_knobs(records):
    """Return the table of the shipped knobs: what turning each does to its attribute, measured on the waveform."""
    found = records.read("projection", "knobs")["metrics"]
    rows = [["\\emph{" + name + "}", f"${100 * found[f'monotone_{name}']:.0f}$", f"${found[f'range_{name}']:.1f}$",
             f"${found[f'error_{name}']:.1f}$", f"${_largest_crosstalk(found, name):.2f}$"]
            for name in ("deep", "bright", "hard", "dirty")]
    return tabular(["knob", r"monotone (\%)", "range", "error", "cross-talk"], rows, "lcccc")


def _largest_crosstalk(metrics, name):
    return max(value for key, value in metrics.items() if key.startswith(f"crosstalk_{name}_"))


TABLES = {"knob-methods": table_methods, "knob-by-knob": table_knobs}
