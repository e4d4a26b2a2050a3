"""Claims about TorchScript files with their metadata inside."""

import json

import pytest
import torch
from latentsampler.contract.export import load_scripted, round_to_half, save_scripted


class Doubler(torch.nn.Module):
    """Twice the input, and an extra method."""

    def __init__(self):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        """Return 2 x."""
        return self.factor * x

    @torch.jit.export
    def undo(self, x):
        """Return x / 2."""
        return x / self.factor


def test_script_equals_eager_and_metadata_travels_inside(tmp_path):
    path = save_scripted(Doubler(), tmp_path / "m.pt", {"latent_dim": 4}, keep=("forward", "undo"))
    module, metadata = load_scripted(path, ("latent_dim",))
    x = torch.randn(3)
    assert torch.equal(module(x), Doubler()(x)) and torch.equal(module.undo(x), Doubler().undo(x))
    assert metadata == {"format_version": 1, "torch_version": torch.__version__.split("+")[0], "latent_dim": 4}


@pytest.mark.parametrize(("content", "message"), [
    (b"", "expected a TorchScript file"), (b"PK\x03\x04 no archive", "expected a TorchScript file"),
    (bytes(1000), "expected a TorchScript file")])
def test_what_is_no_torchscript_file_is_named(tmp_path, content, message):
    (tmp_path / "bad.pt").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_scripted(tmp_path / "bad.pt")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.pt"):
        load_scripted(tmp_path / "nothing.pt")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("extra", "message"), [
    ({}, "expected metadata.json inside"),
    ({"metadata.json": json.dumps({"format_version": 99})}, "expected format_version 1.*got 99"),
    ({"metadata.json": json.dumps({"format_version": 1})}, "to have sample_rate")])
def test_metadata_that_breaks_the_contract_is_named(tmp_path, extra, message):
    torch.jit.save(torch.jit.script(Doubler()), str(tmp_path / "m.pt"), _extra_files=extra)
    with pytest.raises(ValueError, match=message):
        load_scripted(tmp_path / "m.pt", ("sample_rate",))


def test_saved_weights_are_half_precision_numbers_and_what_that_cannot_hold_stays(tmp_path):
    module = torch.nn.Linear(2, 1)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[1 / 3, 1.0]]))
        module.bias.copy_(torch.tensor([1e6 + 0.3]))
    loaded = load_scripted(save_scripted(module, tmp_path / "m.pt", {}))[0]
    assert loaded(torch.tensor([[1.0, 0.0]])).item() == pytest.approx(1e6 + 0.3 + 1 / 3, abs=0.1)
    assert round_to_half(module).weight.tolist() == [[0.333251953125, 1.0]]  # 1365 / 4096
