"""Where a search keeps its trials: an Optuna study in a journal file that several processes share, and any may die.

Conventions
-----------
* The journal is appended to under a lock that dies with its holder, and a line that a kill cut short is taken away
  before the next is written.
* A running trial holds a lock on a file of its own. A trial that is running in the journal and whose lock is free has
  lost its process: its values are tried again, once, and the new trial goes on from the old one's checkpoint. One that
  was killed before it had values leaves nothing to repeat.

Contents
--------
Space       field -> range, checked
open_study  the study of a folder
claim       the next trial, for one process alone; None when all are done or running
finished    trials that count
"""

import contextlib
import fcntl
import os
from pathlib import Path

from latentsampler.runtime.extras import optional

STARTUP = 6  # random trials before the model of the space is used, and before anything is pruned


class Space:
    """Ranges of fields of a Config.

    Parameters
    ----------
    ranges : dict
        Dotted field -> ``("log", low, high)``, ``("uniform", low, high)``, ``("int", low, high)`` or
        ``("choice", a, b, ...)``.

    Raises
    ------
    ValueError
        If a range is none of these.
    """

    def __init__(self, ranges):
        self.ranges = {name: tuple(given) for name, given in ranges.items()}
        for name, (kind, *values) in self.ranges.items():
            numbers = kind != "choice"
            if kind not in ("log", "uniform", "int", "choice") or (numbers and not (
                    len(values) == 2 and values[0] < values[1] and (kind != "log" or values[0] > 0))) or not values:
                raise ValueError(f"expected (log | uniform | int, low, high) or (choice, a, b, ...) for {name}, got "
                                 f"{self.ranges[name]}")

    def ask(self, trial):
        """Return the values that a trial is to try: dotted field -> value."""
        return {name: self._suggest(trial, name, *given) for name, given in self.ranges.items()}

    def holds(self, values):
        """Return whether values lie within the ranges."""
        return all(values[name] in given if kind == "choice" else given[0] <= values[name] <= given[1]
                   for name, (kind, *given) in self.ranges.items())

    @staticmethod
    def _suggest(trial, name, kind, *given):
        if kind == "choice":
            return trial.suggest_categorical(name, given)
        if kind == "int":
            return trial.suggest_int(name, *given)
        return trial.suggest_float(name, *given, log=kind == "log")


def open_study(folder, seed, first=None):
    """Return the study of a folder, which is made when there is none.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``journal.log`` and the locks.
    seed : int
        Of the proposals; those of one process follow from it and from what is finished.
    first : dict, optional
        Values that the first trial is to try.

    Returns
    -------
    optuna.Study
        Minimising.
    """
    optuna = optional("optuna", "search")
    from optuna.storages.journal import JournalFileBackend, JournalStorage

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "journal.log"
    with _locked(folder / "ask.lock"):
        storage = JournalStorage(JournalFileBackend(str(path), lock_obj=_JournalLock(path)))
        study = optuna.create_study(storage=storage, study_name="study", load_if_exists=True, direction="minimize",
                                    pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP))
        study.set_user_attr("seed", seed)
        if first and not study.get_trials(deepcopy=False):
            study.enqueue_trial(first)
    return study


def claim(study, space, folder, trials):
    """Return the next trial and the open file that marks it as running, or None when there is nothing left to begin.

    Parameters
    ----------
    study : optuna.Study
        From :func:`open_study`.
    space : Space
        What is searched.
    folder : pathlib.Path
        Of the study.
    trials : int
        How many the study shall have.

    Returns
    -------
    tuple or None
        Trial, values (dict), and the file, which the caller closes when it has told the result.
    """
    optuna = optional("optuna", "search")
    with _locked(folder / "ask.lock"):
        running = _reap(study, folder, optuna.trial.TrialState)
        if len(finished(study)) + running >= trials:
            return None
        number = len(study.get_trials(deepcopy=False))
        with _quiet():
            study.sampler = optuna.samplers.TPESampler(  # seeded anew: a study that goes on repeats no random draw
                seed=study.user_attrs["seed"] * 7919 + number, n_startup_trials=STARTUP, multivariate=True,
                constant_liar=True)
        trial = study.ask()
        values = space.ask(trial)
        mark = open(_mark(folder, trial.number), "w")
        fcntl.flock(mark, fcntl.LOCK_EX)
    return trial, values, mark


def finished(study):
    """Return the trials that have come to an end of their own: complete, pruned, or failed with a reason."""
    states = optional("optuna", "search").trial.TrialState
    return [trial for trial in study.get_trials(deepcopy=False)
            if trial.state in (states.COMPLETE, states.PRUNED) or "failed" in trial.user_attrs]


def _reap(study, folder, states):
    """Put the values of trials that have lost their process back into the queue; return how many really run."""
    alive, trials = 0, study.get_trials(deepcopy=False)
    repeated = {trial.user_attrs.get("repeats") for trial in trials}
    for trial in trials:
        if trial.state != states.RUNNING:
            continue
        with open(_mark(folder, trial.number), "w") as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                alive += 1
                continue
        values = {**trial.system_attrs.get("fixed_params", {}), **trial.params}  # those it was queued with, and drawn
        if trial.number not in repeated and values:  # queued first: a kill in between loses nothing
            study.enqueue_trial(values, user_attrs={"repeats": trial.number})
        study.tell(trial.number, state=states.FAIL)
    return alive


def _mark(folder, number):
    return folder / f"running-{number}.lock"


@contextlib.contextmanager
def _locked(path):
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _quiet():
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "multivariate is experimental"
        yield


class _JournalLock:
    """What Optuna's journal asks for, as a lock that the system takes back from a dead process."""

    def __init__(self, path):
        self._path, self._file = Path(path), None

    def acquire(self):
        self._file = open(self._path.with_suffix(".lock"), "w")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._mend()
        return True

    def release(self):
        self._file.close()

    def _mend(self):
        """Take away what follows the last end of line: the beginning of an entry whose writer was killed."""
        with open(self._path, "rb+") as journal:
            size = journal.seek(0, os.SEEK_END)
            if size == 0:
                return
            journal.seek(size - 1)
            if journal.read(1) != b"\n":
                journal.seek(0)
                journal.truncate(journal.read().rfind(b"\n") + 1)
