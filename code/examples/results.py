"""What was measured, and work in parallel: ``records``, ``parallel``, ``experiments``."""

from latentsampler.runtime import records
from latentsampler.runtime.parallel import run_tasks

recorded = records.read_records("autoencoder")
print(records.table(recorded, ("lsd_db", "pca_lsd_db", "pitch_accuracy")))
squares = run_tasks(pow, {f"{k} squared": (k, 2) for k in range(5)}, progress=False)
print(squares)
