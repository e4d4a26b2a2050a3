"""Claims about continuous integration: the workflow does what .ci/run does, and the Dockerfile what setup.sh does."""

import json
import os
import re
import shlex
import shutil
import subprocess

import pytest
import yaml

from tests.conftest import ROOT, require

WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


def commands(job):
    """Shell commands of a job."""
    return [step["run"] for step in WORKFLOW["jobs"][job]["steps"] if "run" in step]


def instructions():
    """Instructions of the Dockerfile: (name, arguments), continued lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, " ".join(rest.split())) for name, _, rest in (line.partition(" ") for line in lines)]


def of(name):
    """Arguments of all instructions of one name."""
    return [arguments for instruction, arguments in instructions() if instruction == name]


def test_the_workflow_runs_what_ci_run_runs_in_its_order():
    expected = re.findall(r"^(make \w+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert commands("test") == expected == ["make test", "make check"]


def test_every_command_of_the_workflow_is_there():
    for job in WORKFLOW["jobs"]:
        for command in commands(job) if "steps" in WORKFLOW["jobs"][job] else []:
            tool, argument = shlex.split(command)[:2]
            assert tool in ("make", "docker")
            assert tool == "docker" or argument in TARGETS, command


def test_the_book_is_published_only_from_main_after_the_tests_passed():
    book, publish = WORKFLOW["jobs"]["book"], WORKFLOW["jobs"]["publish"]
    assert book["needs"] == "test" and book["if"] == "github.ref == 'refs/heads/main'" and publish["needs"] == "book"
    assert commands("book") == ["make book"]
    upload = next(step for step in book["steps"] if "upload-pages-artifact" in step.get("uses", ""))
    assert upload["with"]["path"] in (ROOT / "book" / "build.py").read_text().replace('" / "', "/") + MAKEFILE
    assert publish["permissions"] == {"pages": "write", "id-token": "write"}
    assert WORKFLOW["permissions"] == {"contents": "read"}  # of all other jobs


def test_every_action_has_a_version():
    used = [step["uses"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used and all(re.fullmatch(r"actions/[\w-]+@v\d+", name) for name in used)


def test_the_workflow_lints_the_dockerfile_before_it_builds():
    lint, build, run = commands("dockerfile")
    assert re.fullmatch(r"docker run --rm -i hadolint/hadolint:v\d+\.\d+\.\d+ < Dockerfile", lint)
    assert build.startswith("docker build") and run.startswith("docker run")


def test_the_dockerfile_starts_from_a_fixed_python_that_the_project_supports():
    (base,) = of("FROM")
    assert re.fullmatch(r"python:3\.1[12]-slim-\w+", base)
    assert json.loads(of("SHELL")[0])[-2:] == ["pipefail", "-c"]


def test_the_dockerfile_installs_the_systems_parts_that_the_makefile_names():
    (install,) = [run for run in of("RUN") if "apt-get" in run]
    assert "--no-install-recommends" in install and install.endswith("rm -rf /var/lib/apt/lists/*")
    assert install.startswith("apt-get update &&") and "upgrade" not in install
    packages = install.split("--no-install-recommends", 1)[1].split("&&")[0].split()
    assert packages == sorted(packages)
    assert set(packages) == {*re.search(r"^SYSTEM := (.*)$", MAKEFILE, re.MULTILINE)[1].split(), "git"}


def test_the_dockerfile_copies_what_is_there_and_ends_in_a_command():
    for arguments in of("COPY"):
        *sources, _ = arguments.split()
        assert all((ROOT / source).exists() for source in sources)
    assert not of("ADD") and not of("MAINTAINER") and of("WORKDIR") == ["/latentsampler"]
    assert instructions()[-1][0] == "CMD" and all((ROOT / part).exists() for part in json.loads(of("CMD")[0])[1:2])
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".venv", "build", "data"} <= set(ignored)


@pytest.mark.long
def test_the_steps_of_the_dockerfile_make_an_environment_from_the_pins_in_an_empty_folder(tmp_path):
    require(shutil.which("python3"), "no python3 on the PATH")
    folder = tmp_path / "latentsampler"
    for name, arguments in instructions():
        if name == "COPY" and arguments != ". .":
            *sources, target = arguments.split()
            for source in sources:
                to = folder / source if target == "./" else folder / target
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, to)
        elif name == "RUN" and "apt-get" not in arguments:
            subprocess.run(["bash", "-o", "pipefail", "-c", arguments], cwd=folder, check=True, timeout=500,
                           env={**os.environ, "EXTRAS": ""})
    ask = ("import importlib.metadata as m, json; print(json.dumps({d.name.lower().replace('_', '-'): d.version "
           "for d in m.distributions()}))")
    got = json.loads(subprocess.run([folder / ".venv" / "bin" / "python", "-c", ask], capture_output=True, text=True,
                                    check=True).stdout)
    assert {"torch", "numpy", "librosa", "latentsampler"} <= set(got)
    pins = {}
    for name, version in re.findall(r"^([\w.-]+)==([^ ;\n]+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE):
        pins.setdefault(name.lower().replace("_", "-"), set()).add(version)  # more than one where Pythons differ
    assert not {name: version for name, version in got.items()
                if name in pins and version.split("+")[0] not in pins[name]}
