"""Models by name: ``models:/NAME@champion`` instead of a path.

Conventions
-----------
* A version of a name in MLflow's registry is one file of a recorded run, kept beside that run: it knows the record's id
  and the file's SHA-256. An alias points to one version and moves to another when that one is better.
* Whoever takes a model by name gets a file whose hash is the registered one, or an error.

Contents
--------
register     file, name, record -> version
model_file   a path, or ``models:/NAME@ALIAS``, or ``models:/NAME/VERSION`` -> path
versions     all that is registered
"""

import os
import re
import tempfile
from pathlib import Path

from latentsampler.experiments import tracking
from latentsampler.runtime import records
from latentsampler.runtime.identity import file_hash

PREFIX = "models:/"


def register(client, path, name, record, alias=None, results=records.RESULTS):
    """Register a file as the next version of a name.

    Parameters
    ----------
    client : mlflow.MlflowClient
        From :func:`latentsampler.experiments.tracking.connect`.
    path : str or pathlib.Path
        A model.pt, vocoder.pt or generative.pt.
    name : str
        Of the model, such as ``decoder``.
    record : str
        Id of the record of the run that made it, ``CHAPTER/RUN/seedK``.
    alias : str, optional
        That shall point to this version, such as ``champion``.
    results : pathlib.Path
        Where records live.

    Returns
    -------
    int
        The version.

    Raises
    ------
    FileNotFoundError
        If there is no such file or record.
    """
    from mlflow.exceptions import MlflowException

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"expected a model, found no file {path}")
    run_id, _ = tracking.log_record(client, record, results)
    digest = file_hash(path)
    client.log_artifact(run_id, str(path), f"models/{digest[:12]}")
    artifact = f"models/{digest[:12]}/{path.name}"
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    source = f"{client.get_run(run_id).info.artifact_uri}/{artifact}"
    version = client.create_model_version(name, source, run_id, tags={"record": record, "sha256": digest,
                                                                      "artifact": artifact})
    if alias:
        client.set_registered_model_alias(name, alias, version.version)
    return int(version.version)


def model_file(text):
    """Return the path that a path or a registered name means.

    Parameters
    ----------
    text : str
        A path, ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``.

    Returns
    -------
    pathlib.Path
        A file; of a registered name, with the registered hash.

    Raises
    ------
    FileNotFoundError
        If no such model is registered.
    ValueError
        If the name is not of that form, or the file is no longer the registered one.
    """
    if not str(text).startswith(PREFIX):
        return Path(text)
    found = re.fullmatch(r"([^@/]+)(?:@([\w-]+)|/(\d+))", str(text).removeprefix(PREFIX))
    if not found:
        raise ValueError(f"expected models:/NAME@ALIAS or models:/NAME/VERSION, got {text!r}")
    client = tracking.connect()
    from mlflow.exceptions import MlflowException

    name, alias, number = found.groups()
    try:
        version = client.get_model_version_by_alias(name, alias) if alias else client.get_model_version(name, number)
    except MlflowException as error:
        there = ", ".join(f"{model} {sorted(kept)}" for model, kept in versions(client).items()) or "none"
        raise FileNotFoundError(f"expected a registered model for {text}; there are: {there}") from error
    digest, artifact = version.tags["sha256"], version.tags["artifact"]
    path = tracking.HOME / artifact  # fetched once
    if not path.is_file() or file_hash(path) != digest:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            fetched = client.download_artifacts(version.run_id, artifact, folder)
            if (got := file_hash(fetched)) != digest:
                raise ValueError(f"the file of {text} has changed since it was registered: expected SHA-256 "
                                 f"{digest[:12]}..., got {got[:12]}...")
            os.replace(fetched, path)
    return path


def versions(client):
    """Return all that is registered.

    Parameters
    ----------
    client : mlflow.MlflowClient
        From :func:`latentsampler.experiments.tracking.connect`.

    Returns
    -------
    dict
        Name -> version (int) -> dict of record, sha256 and aliases.
    """
    found = {}
    for model in client.search_registered_models():
        for version in client.search_model_versions(f"name = '{model.name}'"):
            found.setdefault(model.name, {})[int(version.version)] = {
                "record": version.tags["record"], "sha256": version.tags["sha256"],
                "aliases": sorted(alias for alias, number in model.aliases.items() if int(number) == int(
                    version.version))}
    return found
