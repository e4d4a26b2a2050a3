"""Module -> TorchScript with its metadata inside one file; reload; verify.

Metadata is JSON in the extra file ``metadata.json`` of the TorchScript archive, never a side-car: freezing drops
attributes, and a file that travels alone must explain itself.

Conventions
-----------
* Weights are saved as float32 numbers that half precision can hold: the last 13 of their 32 bits are zero, so that
  compressing an archive nearly halves them, and hosts need no other arithmetic.

Contents
--------
FORMAT_VERSION   of the contract between models and hosts
round_to_half    weights of a module -> their nearest half-precision values
save_scripted    module or ScriptModule + metadata -> file
write_scripted   ScriptModule + its whole metadata -> file
load_scripted    file -> module, metadata
source_hash      identity of the code that made a model
created_from     what a file says of its origin
"""

import hashlib
import io
import json
import warnings
from pathlib import Path

import torch

from latentsampler.runtime.files import write_bytes
from latentsampler.runtime.identity import as_json, short_hash

FORMAT_VERSION = 1


def save_scripted(module, path, metadata, keep=("forward",)):
    """Script, freeze and save a module with its metadata.

    Parameters
    ----------
    module : torch.nn.Module
        In any mode; saved in evaluation mode. Its weights are rounded in place (:func:`round_to_half`), so that what
        is measured next is what was saved.
    path : str or pathlib.Path
        File to write, atomically. When it can be opened again, the checkpoint of its training is removed.
    metadata : dict
        What JSON can hold; ``format_version`` and ``torch_version`` are added.
    keep : sequence of str
        Methods that must survive freezing.

    Returns
    -------
    pathlib.Path
        ``path``.
    """
    path = Path(path)
    round_to_half(module)
    metadata = {"format_version": FORMAT_VERSION, "torch_version": torch.__version__.split("+")[0], **metadata}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is what libtorch hosts can load
        scripted = torch.jit.script(module.eval())
        frozen = torch.jit.freeze(scripted, preserved_attrs=[name for name in keep if name != "forward"])
    write_scripted(frozen, path, metadata)
    load_scripted(path)
    path.with_name(path.name + ".ckpt.done").unlink(missing_ok=True)  # the result is safe
    return path


def write_scripted(module, path, metadata):
    """Write a ScriptModule with its whole metadata, as it is.

    Parameters
    ----------
    module : torch.jit.ScriptModule
        Frozen, or loaded from such a file.
    path : str or pathlib.Path
        File to write, atomically.
    metadata : dict
        What JSON can hold.

    Returns
    -------
    pathlib.Path
        ``path``.
    """
    buffer = io.BytesIO()  # a full disk must be an error of Python's: libtorch's own writer ends the process
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(module, buffer, _extra_files={"metadata.json": json.dumps(metadata)})
    return write_bytes(path, buffer.getbuffer())


def round_to_half(module):
    """Round the parameters of a module to half precision, in place; those that it cannot hold (65,504) stay.

    Parameters
    ----------
    module : torch.nn.Module
        Buffers stay as they are.

    Returns
    -------
    torch.nn.Module
        The same, still float32.
    """
    with torch.no_grad():
        for parameter in module.parameters():
            rounded = parameter.half().to(parameter.dtype)
            if torch.isfinite(rounded).all():
                parameter.copy_(rounded)
    return module


def load_scripted(path, expected=()):
    """Load a TorchScript file and its metadata.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.
    expected : sequence of str
        Keys that its metadata must have.

    Returns
    -------
    tuple
        The ScriptModule, and the metadata as a dict.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no TorchScript file, or its metadata is missing, of another format version, or lacks a key.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"expected a TorchScript file, found none at {path}")
    extra = {"metadata.json": ""}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            module = torch.jit.load(str(path), map_location="cpu", _extra_files=extra)
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"expected a TorchScript file, got {path}: {str(error).splitlines()[0]}") from error
    if not extra["metadata.json"]:
        raise ValueError(f"expected metadata.json inside {path}, found none; export it with code/main.py")
    metadata = json.loads(extra["metadata.json"])
    if metadata.get("format_version") != FORMAT_VERSION:
        raise ValueError(f"expected format_version {FORMAT_VERSION} in {path}, got {metadata.get('format_version')}")
    missing = [key for key in expected if key not in metadata]
    if missing:
        raise ValueError(f"expected the metadata of {path} to have {', '.join(missing)}; it has {', '.join(metadata)}")
    return module, metadata


def source_hash():
    """Return the identity of the package's source: 12 hexadecimal digits over all its .py files."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def created_from(config, seed, checksum, module, **others):
    """Return what a file says of its origin, so that files made by another run are told apart.

    Parameters
    ----------
    config : dataclass
        What was trained.
    seed : int
        Of the run.
    checksum : str
        Of the data.
    module : torch.nn.Module
        What was trained: its weights, as saved, count.
    **others : object
        What else it was made from.

    Returns
    -------
    dict
        config, weights and source (12 hexadecimal digits each), seed, dataset, and the others.
    """
    digest = hashlib.sha256()
    for name, value in round_to_half(module).state_dict().items():
        digest.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return {"config": short_hash(as_json(config)), "seed": seed, "weights": digest.hexdigest()[:12],
            "dataset": checksum, "source": source_hash(), **others}
