"""The chapter in the report of the studies.

Contents
--------
table_chords   the study over five splits as LaTeX
TABLES, FIGURES, DERIVED   what the report's sources may name
"""

from latentsampler.chapters.chords import figures, studies

STUDY, RUN = ("chords-benchmark", "prediction"), ("chords", "standards")


def table_chords(records):
    """Return rows of accuracy and perplexity as LaTeX, mean and half width of the 95 % interval over five splits."""
    metrics = records.read(*STUDY)["metrics"]
    lines = [r"\begin{tabular}{lrrrrrr}\toprule", r"& \multicolumn{3}{c}{accuracy (\%)} & "
             r"\multicolumn{3}{c}{perplexity} \\", r"& A1 & A2 & A3 & A1 & A2 & A3 \\ \midrule"]
    counts = studies.splits(metrics)
    for name, values in studies.summary(metrics).items():
        cells = [f"{mean:.1f}" if name == "nearest" or half != half else f"{mean:.1f}$\\pm${half:.1f}"
                 for mean, half in values]
        cells = [*cells[:3], *(("--",) * 3 if name in ("nearest", "repeat") else cells[3:])]
        lines.append(" & ".join([f"{name} ({counts[name]})", *cells]) + r" \\")
    lines.append(r"\midrule")
    for name, values in studies.PUBLISHED.items():
        cells = [f"{value:g}" for value in values]
        lines.append(" & ".join([name, *cells, *["--"] * (6 - len(cells))]) + r" \\")
    return "\n".join([*lines, r"\bottomrule\end{tabular}"])


def mean_of(row, column):
    """Return a function of records: a mean of the study's table."""
    return lambda records: studies.summary(records.read(*STUDY)["metrics"])[row][column][0]


TABLES = {"chords": table_chords}
FIGURES = {"chord-positions": lambda records: figures.figure_positions(records.read(*RUN))}
ROWS = {"same": "predictor", "plain": "predictor, A3 symbols", "full": "predictor, key and bar", "ngram": "ngram"}
DERIVED = {f"chords-{name}-a{k + 1}": mean_of(row, k) for name, row in ROWS.items() for k in range(3)}
