"""Guards of the layout: chapters do not know each other, training needs four libraries, files stay small."""

import ast
import graphlib
import json
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.conftest import GUARDS

CODE = Path(__file__).resolve().parents[1]
ROOT = CODE.parent
PACKAGE = CODE / "latentsampler"
CHAPTERS = sorted(p.name for p in (PACKAGE / "chapters").iterdir() if (p / "__init__.py").is_file())
SHARED = sorted(path for path in PACKAGE.rglob("*.py") if not path.is_relative_to(PACKAGE / "chapters"))
SOURCES = sorted([*CODE.glob("*.py"),
                  *(path for folder in (CODE / "tools", PACKAGE, ROOT / "toy") for path in folder.rglob("*.py"))])
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

ONLY_TRAINING_LIBRARIES = """
import importlib.abc, sys
ALLOWED = {"torch", "numpy", "scipy", "tqdm", "latentsampler"}

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        top = name.split(".")[0]
        if top in BLOCKED:
            raise ImportError(f"{top} is not there on a machine that only trains")

BLOCKED = {"librosa", "soundfile", "pandas", "sklearn", "matplotlib", "joblib", "soxr", "sf2utils", "tinysoundfont",
           "numba", "mirdata", "distributed", "dask", "mlflow", "optuna", "ot", "onnx", "onnxruntime", "yaml"}
sys.meta_path.insert(0, Blocked())
import latentsampler.chapters.autoencoder.experiment, latentsampler.chapters.vocoder.experiment
import latentsampler.runtime.records
import latentsampler.data.store, latentsampler.data.splits
import main
main._parser()
"""


def imported(path):
    """Modules of ours that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_code_is_no_package():
    assert not (CODE / "__init__.py").exists()  # `code` is a module of the standard library, which pdb needs


def chapter_of(name):
    """Return the chapter that a module belongs to, None for a shared one."""
    parts = name.split(".")
    return parts[2] if parts[:2] == ["latentsampler", "chapters"] and len(parts) > 2 else None


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_imports_no_sibling(chapter):
    found = {(path.name, name) for path in (PACKAGE / "chapters" / chapter).rglob("*.py") for name in imported(path)
             if chapter_of(name) not in (None, chapter)}
    assert not found


def test_shared_modules_import_no_chapter():
    assert not {(path.name, name) for path in SHARED for name in imported(path) if chapter_of(name)}


def test_no_module_imports_itself_by_a_detour_and_folders_form_levels():
    arrows = {}
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE).parts[0]
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == "latentsampler" and len(parts) > 1 and parts[1] != place:
                arrows.setdefault(place, set()).add(parts[1])
    sorter = graphlib.TopologicalSorter(arrows)
    sorter.prepare()  # raises CycleError, which names the circle


def test_every_guard_of_the_chapters_is_there():
    assert all((CODE / "tests" / guard).is_file() for guard in GUARDS)


def test_the_toy_set_imports_nothing_of_ours():
    assert not {(path.name, name) for path in (ROOT / "toy").rglob("*.py") for name in imported(path)
                if name.startswith("latentsampler")}


def test_training_needs_torch_numpy_scipy_and_tqdm_only():
    done = subprocess.run([sys.executable, "-c", ONLY_TRAINING_LIBRARIES], cwd=CODE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_stay_under_400_lines_and_functions_under_60(path):
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= 400
    assert all(length <= 60 for length in lengths(source).values())


def lengths(source):
    """Return the lines of every function without its documentation: ``{"name:line": lines}``."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documentation = ast.get_docstring(node, clean=False) or ""
            found[f"{node.name}:{node.lineno}"] = node.end_lineno - node.lineno + 1 - documentation.count("\n")
    return found


def test_half_of_all_functions_have_at_most_10_lines():
    assert statistics.median(n for path in SOURCES for n in lengths(path.read_text(encoding="utf-8")).values()) <= 10


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebooks_are_thin_and_hold_no_output(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert not cell.get("outputs") and not cell.get("execution_count")
        if cell["cell_type"] == "code":
            code = "\n".join(line for line in "".join(cell["source"]).splitlines() if not line.startswith(("%", "!")))
            functions = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.FunctionDef)]
            assert all(node.end_lineno - node.lineno < 10 for node in functions)


def test_every_chapter_with_runs_has_config_runs_build_and_run():
    import importlib

    for chapter in CHAPTERS:
        if (PACKAGE / "chapters" / chapter / "experiment.py").is_file():
            module = importlib.import_module(f"latentsampler.chapters.{chapter}.experiment")
            assert all(isinstance(config, module.Config) for config in module.RUNS.values())
            assert callable(module.build) and callable(module.run)


def test_conda_users_get_the_same_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert environment["name"] == project["name"]
    assert f"python{project['requires-python']}" in environment["dependencies"]
    assert pip == ["-c constraints.txt", "-e .[test]"]


def test_every_dependency_is_frozen():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    frozen = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    names = {"".join(c if c.isalnum() or c in "-_." else " " for c in d).split()[0].lower() for d in wanted}
    assert names - {project["name"]} <= frozen
