"""The commands ``vocoder train`` and ``benchmark vocoder``."""

import json
import time
from pathlib import Path

from latentsampler.experiments.train_command import add_train

ROOT = Path(__file__).resolve().parents[4]


def add_parser(commands):
    """Add the command to the subcommands of a parser."""
    vocoder = commands.add_parser("vocoder", help="train a vocoder -> vocoder.pt").add_subparsers(
        metavar="COMMAND", required=True)
    train = add_train(vocoder, "train", "train a vocoder -> vocoder.pt", "vocoder", "vocoder.pt")
    train.add_argument("--model", type=Path, help="model.pt whose decoded mels the vocoder is trained on, too")
    train.set_defaults(extra=_model)


def add_benchmarks(benchmarks):
    """Add the benchmark to the subcommands of ``benchmark``."""
    text = "Griffin-Lim, MCNN and the shipped vocoder on the same notes"
    parser = benchmarks.add_parser("vocoder", help=text, description=text)
    parser.add_argument("--small", action="store_true", help="few notes, to see that it works")
    parser.add_argument("--record", action="store_true", help="write report/results/, which fails if it is there")
    places = {"data": "build/weights/notes", "toy": "build/toy", "model": "patch/model.pt",
              "vocoder": "patch/vocoder.pt", "mcnn": "build/weights/mcnn-published.pt"}
    for name, place in places.items():
        parser.add_argument(f"--{name}", type=Path, default=ROOT / place, help=f"(default: {place})")
    parser.set_defaults(run=_benchmark)
    text = "what each part of the harmonic vocoder is worth, before training"
    parser = benchmarks.add_parser("vocoder-parts", help=text, description=text)
    parser.add_argument("--record", action="store_true", help="write report/results/, which fails if it is there")
    for name in ("data", "model"):
        parser.add_argument(f"--{name}", type=Path, default=ROOT / places[name], help=f"(default: {places[name]})")
    parser.set_defaults(run=_parts)


def _model(options):
    from latentsampler.contract.export import load_scripted

    return {"model": load_scripted(options.model)[0]} if options.model else {}


def _benchmark(options):
    import torch

    from latentsampler.chapters.vocoder import benchmark
    from latentsampler.contract.export import load_scripted
    from latentsampler.data.arrays import find_stores
    from latentsampler.data.store import NoteDataset
    from latentsampler.runtime import records

    torch.set_num_threads(1)
    name, begin = "small" if options.small else "full", time.perf_counter()
    dataset = NoteDataset(options.data)
    toy = NoteDataset(options.toy) if find_stores(options.toy) else None
    files = {"mcnn-published": options.mcnn, "shipped": options.vocoder}
    model = load_scripted(options.model)[0]
    metrics, timings = benchmark.run_benchmark(benchmark.SETTINGS[name], dataset, model, files, toy)
    print(json.dumps({**metrics["tones"], "timings": timings}, indent=1))
    print(benchmark.table(metrics, timings))
    if options.record:
        inputs = {"model": options.model, **{key: path for key, path in files.items() if path.is_file()}}
        origin = {**records.provenance(time.perf_counter() - begin, dataset.checksum, inputs=inputs),
                  "timings": timings}
        folder = records.write_record("vocoder-benchmark", name, 0, benchmark.SETTINGS[name], metrics, [], origin)
        print(f"recorded {folder}")


def _parts(options):
    import torch

    from latentsampler.chapters.vocoder import parts
    from latentsampler.contract.export import load_scripted
    from latentsampler.data.store import NoteDataset
    from latentsampler.runtime import records

    torch.set_num_threads(1)
    begin, dataset = time.perf_counter(), NoteDataset(options.data)
    metrics = parts.run_parts(parts.SETTINGS["parts"], dataset, load_scripted(options.model)[0])
    print(parts.table(metrics))
    if options.record:
        origin = records.provenance(time.perf_counter() - begin, dataset.checksum, inputs={"model": options.model})
        folder = records.write_record("vocoder-benchmark", "parts", 0, parts.SETTINGS["parts"], metrics, [], origin)
        print(f"recorded {folder}")
