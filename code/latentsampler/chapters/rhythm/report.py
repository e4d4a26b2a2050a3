"""What the chapter's page of the report draws on: tables and figures, functions of records.

Contents
--------
TABLES, FIGURES, DERIVED   name -> function of the report's Records
"""

from latentsampler.chapters.rhythm import figures
from latentsampler.chapters.rhythm.attributes import ATTRIBUTES


def _rows(head, rows, columns):
    body = "\n".join(" & ".join(row) + r" \\" for row in rows)
    return f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{' & '.join(head)} \\\\\n\\midrule\n{body}\n\\bottomrule\n" \
           "\\end{tabular}\n"


def _metrics(records):
    return records.read("rhythm", "shipped")["metrics"]


def table_copies(records):
    """Return the table of copies: the model, then what needs no model."""
    rows = [[title, *(f"{value:.3f}" for value in values[:4]), f"{values[4]:.1f}"]
            for title, values in figures.table_copies(_metrics(records))]
    return _rows(["", "F1", "MCC", "velocity", "steps", "ms"], rows, "lrrrrr")


def table_knobs(records):
    """Return the table of knobs: own rank correlation, largest with another attribute, monotone sweeps."""
    metrics = _metrics(records)
    rows = [[name, f"{metrics[f'spearman_{name}']:.2f}", f"{metrics[f'cross_talk_{name}']:.2f}",
             f"{100 * metrics[f'monotone_{name}']:.0f}"] for name in ATTRIBUTES]
    return _rows(["knob", "own", "another", r"monotone \%"], rows, "lrrr")


TABLES = {"rhythm-copies": table_copies, "rhythm-knobs": table_knobs}
FIGURES = {"rhythm-knobs": lambda records: figures.figure_control(_metrics(records))}
DERIVED = {}
