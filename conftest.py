"""A cache of compiled functions for each worker that tests beside another one.

Processes that compile the same function of librosa for the first time at once can leave a cache by which each later
call crashes: numba writes its files one by one, without a lock.
"""

import os
from pathlib import Path

if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["NUMBA_CACHE_DIR"] = str(Path(__file__).parent / "build" / "numba" / worker)
