"""The command ``web``."""

from pathlib import Path


def add_parser(commands):
    """Add the command to the subcommands of a parser."""
    web = commands.add_parser("web", help="generative.pt -> model.onnx and model.json, for onnxruntime")
    web.add_argument("generative", type=Path, help="generative.pt")
    web.add_argument("--out", type=Path, default=Path("web"), help="folder to write (default: %(default)s)")
    web.set_defaults(run=_web)


def _web(options):
    from latentsampler.products.web.convert import convert

    note, sample = convert(options.generative, options.out)
    print(f"wrote {options.out}/model.onnx and model.json; ONNX equals TorchScript within {note:.1g} root mean square, "
          f"{sample:.1g} in a sample")
