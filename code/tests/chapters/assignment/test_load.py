"""Claim: a host in C++ loads assignment.pt and answers as Python does."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from latentsampler.chapters.assignment import experiment, scoring
from latentsampler.chapters.assignment.generate import Recipe, generate
from latentsampler.chapters.assignment.networks import MessageNet
from latentsampler.contract.export import save_scripted

from tests.conftest import require

HERE = Path(__file__).parent / "load"


@pytest.mark.long
def test_a_host_in_cpp_answers_as_python_does(tmp_path):
    require(shutil.which("cmake") and shutil.which("c++"), "cmake and a C++ compiler are needed to load a model in C++")
    about = {"kind": "assignment", "reads_padding": False, "size": 0}
    save_scripted(MessageNet(width=8, depth=1), tmp_path / "m.pt", about)
    for command in (["cmake", "-S", HERE, "-B", tmp_path / "build", f"-DPython3_EXECUTABLE={sys.executable}"],
                    ["cmake", "--build", tmp_path / "build"]):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    module, _ = experiment.load(tmp_path / "m.pt")
    for size in (2, 7):  # one file, every size
        matrices = generate(Recipe(size), 30, 1)
        sent = b"".join(array.astype(np.float32).tobytes() for array in matrices[:3])
        done = subprocess.run([tmp_path / "build" / "assignment-load", tmp_path / "m.pt", "30", str(size), str(size)],
                              input=sent, capture_output=True, check=True)
        given = np.frombuffer(done.stdout, dtype=np.float32).reshape(30, size, size)
        np.testing.assert_allclose(given, scoring.answer(module, matrices).numpy(), rtol=1e-5, atol=1e-5)
