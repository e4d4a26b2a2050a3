#!/usr/bin/env python3
"""Build the book into ``build/book/html``: ``make book``.

The pages are put together in ``build/book/source``: the notebooks, the pages of this folder, the reference made from
the package's source, the instrument as ONNX, and the scripts of others (see ``vendor.py``). Then jupyter-book
executes every notebook and writes HTML; a warning, a failing notebook or a broken link fails the build.

Contents
--------
main      the whole build
gather    everything that the book is made of -> source/
sphinx    source/ -> html/
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import api
import check
import flow
import vendor

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "book"
sys.path.insert(0, str(ROOT / "code"))


def main(arguments=None):
    """Build the book, check its links, and say how long it took."""
    parser = argparse.ArgumentParser(description="build the book into build/book/html")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "book", help="default: %(default)s")
    parser.add_argument("--draft", action="store_true", help="do not execute the notebooks")
    options = parser.parse_args(arguments)
    begin = time.monotonic()
    html = options.out / "html"
    gather(options.out / "source", options.out / "npm", options.draft)
    status = sphinx(options.out)
    wrong = check.problems(html) if html.is_dir() else ["no HTML was written"]
    for line in wrong:
        print(f"book: {line}", file=sys.stderr)
    if status or wrong:
        print("book: failed; see above", file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in html.rglob("*") if path.is_file()) / 1e6
    print(f"book: {html}/index.html, {size:.0f} MB, {time.monotonic() - begin:.0f} s")
    return 0


def gather(source, cache, draft=False):
    """Put everything that the book is made of together in a folder; archives of npm are kept in another."""
    shutil.rmtree(source, ignore_errors=True)
    extra = source / "extra"
    extra.mkdir(parents=True)
    shutil.copy(ROOT / "_toc.yml", source)
    settings = (ROOT / "_config.yml").read_text(encoding="utf-8")
    if draft:
        settings = settings.replace("execute_notebooks: force", "execute_notebooks: 'off'")
    (source / "_config.yml").write_text(settings, encoding="utf-8")
    shutil.copy(ROOT / "report" / "references.bib", source)
    vendor.vendor(extra, cache)
    shutil.copy(HERE / "logo.svg", extra)
    shutil.copytree(HERE / "web", extra, dirs_exist_ok=True)
    shutil.copytree(HERE / "listening", extra / "listening", dirs_exist_ok=True)
    _notebooks_and_reference(source)
    _instrument(extra)
    _pages(source)


def sphinx(folder):
    """Run jupyter-book from ``source`` to ``html`` in a folder; return its exit status."""
    made, html = folder / "_build" / "html", folder / "html"
    shutil.rmtree(folder / "_build", ignore_errors=True)
    shutil.rmtree(html, ignore_errors=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "code"), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
                   "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [Path(sys.executable).with_name("jupyter-book"), "build", folder / "source", "--path-output", folder]
    done = subprocess.run([*map(str, command), "-W", "--keep-going", "-q"], env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        print(done.stdout, file=sys.stderr)  # printed only on failure
    if made.is_dir():
        shutil.move(made, html)
        _without_thebe(html)
    return done.returncode


def _without_thebe(html):
    """Take out the scripts of an extension that cannot be left out: it would load more from another host."""
    for path in html.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"\s*<script[^>]*>const THEBE_JS_URL.*?</script>"
                               r"|\s*<script[^>]*sphinx-thebe[^>]*></script>", "", text), encoding="utf-8")


def _notebooks_and_reference(source):
    target = source / "notebooks"
    shutil.copytree(ROOT / "notebooks", target, ignore=shutil.ignore_patterns(".*", "*.ipynb"))
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    package = api.Package(ROOT / "code" / "latentsampler")
    calls, taught = api.teaching(package, {path.stem: api.source_of(path) for path in paths})
    titles = {}
    for path in paths:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        titles[path.stem] = re.search(r"(?m)^# (.+)$", "".join(notebook["cells"][0]["source"]))[1]
        notebook["cells"] = api.with_reference(notebook["cells"], calls[path.stem])
        (target / path.name).write_text(json.dumps(notebook), encoding="utf-8")
    api.write_pages(package, taught, titles, source / "api")


def _instrument(extra):
    """Write the shipped model as ONNX with its map, and a walk through it as sound."""
    import soundfile
    import torch
    from latentsampler.chapters.instrument import generative, walk
    from latentsampler.products.web import convert

    torch.set_num_threads(1)
    shipped = ROOT / "patch" / "generative.pt"
    note, sample = convert.convert(shipped, extra / "play")
    print(f"book: ONNX equals TorchScript within {note:.1g} root mean square, {sample:.1g} in a sample")
    convert.write_map(shipped.with_suffix(".map.txt"), extra / "play" / "map.json")
    convert.embed(extra / "play", extra / "play" / "embedded.js")
    module, metadata = generative.load_generative(shipped)
    points = walk.walk_points(metadata, 16, steps=(8, 6))
    starts = [round(0.3 * k * metadata["sample_rate"]) for k in range(len(points))]
    sound = walk.mix(walk.render_points(module, metadata, points), starts, starts[-1] + metadata["n_samples"])
    (extra / "sounds").mkdir()
    soundfile.write(extra / "sounds" / "walk.wav", 0.8 * sound / abs(sound).max(), metadata["sample_rate"])


def _pages(source):
    from latentsampler.products.listening import answers

    boxes = flow.boxes_of()
    figure = (f'<div class="flow lying">{flow.flow_svg(boxes)}</div>\n'
              f'<div class="flow standing">{flow.flow_svg(boxes, standing=True)}</div>')
    table = answers.table(sorted((ROOT / "report" / "results" / "listening").glob("answers/*.json")))
    compared = json.loads((HERE / "listening" / "set.js").read_text(encoding="utf-8").split("=", 1)[1].strip(" ;\n"))
    parts = {"flow": figure, "table": f"```text\n{table}\n```",
             "systems": "\n".join(f"* **{name}**: {words}" for name, words in compared["systems"].items())}
    if "mcnn" not in compared["systems"]:
        parts["systems"] += ("\n\nMCNN is not among them: no trained weights of it are shipped. "
                             "`python book/stimuli.py --data STORE --mcnn FILE` makes the sounds again with it.")
    for path in HERE.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        for name, content in parts.items():
            text = text.replace(f"<!-- {name} -->", content)
        (source / path.name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
