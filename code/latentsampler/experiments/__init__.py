"""Runs of any chapter, compared, repeated, searched and followed; knows no model.

``CHAPTER/RUN`` (an entry of a chapter's ``RUNS``) + notes -> records that compare or confirm:

* ``ablation``  a base and its named deltas over seeds -> differences with intervals,
* ``rerun``     a record -> the same run again -> metric by metric, whether it agrees,
* ``search``    fields of a ``Config`` -> a study of many short runs,
* ``tracking``  records -> MLflow, and models by name.

In ``experiment.py`` a chapter may say more to it than ``Config``, ``RUNS``, ``build`` and ``run``: ``ABLATIONS`` (base
-> name of delta -> Config), ``BETTER`` (metric -> "lower" or "higher") and ``SEARCH`` (field -> range).
"""
