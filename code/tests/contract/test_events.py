"""Claims about pattern models: what is checked, and that a checked file plays what its module plays."""

import math

import pytest
import torch
from latentsampler.contract.events import COLUMNS, check_events, default_controls, load_events, save_events
from latentsampler.contract.export import save_scripted

NAN = math.nan
METADATA = {"beats": 4.0, "voices": ["kick", "snare"], "created_from": {},
            "controls": [{"name": "loud", "unit": "share", "min": 0.0, "max": 1.0, "default": 0.5}]}


class Beat(torch.nn.Module):
    """A kick on 0 and a snare on ``second``, both as loud as the control says; one row is unused."""

    def __init__(self, second: float = 1.0):
        super().__init__()
        self.second = second

    def forward(self, controls):
        """Return events ``(B, 3, 5)``."""
        events = torch.full((len(controls), 3, 5), float("nan"))
        events[:, 0] = torch.tensor([0.0, 0.0, float("nan"), 1.0, 0.25])
        events[:, 1] = torch.tensor([self.second, 1.0, 60.0, 1.0, 0.25])
        events[:, :, 3] *= controls[:, :1]
        return events


def test_a_saved_pattern_model_plays_the_same_and_carries_its_metadata(tmp_path):
    module, metadata = load_events(save_events(Beat(), tmp_path / "beat.pt", METADATA))
    controls = torch.tensor([[0.25], [1.0]])
    assert torch.equal(module(controls).nan_to_num(-1), Beat()(controls).nan_to_num(-1))
    assert metadata["kind"] == "events" and metadata["voices"] == METADATA["voices"]
    assert default_controls(metadata).tolist() == [[0.5]] and len(COLUMNS) == module(controls).shape[2]


@pytest.mark.parametrize(("change", "message"), [
    ({"beats": 0.0}, "beats above 0"), ({"voices": []}, "at least one voice"),
    ({"controls": [{"name": "loud"}]}, "each control to have name, unit"),
    ({"controls": [{**METADATA["controls"][0], "default": 2.0}]}, "min <= default <= max of control loud"),
    ({"points": {"cowbell": [0.0]}}, "points of voices kick, snare, got cowbell"),
    ({"kind": "sound"}, "of kind 'events'")])
def test_metadata_that_breaks_the_contract_is_named_and_nothing_is_written(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        save_events(Beat(), tmp_path / "beat.pt", {**METADATA, **change})
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_kind_is_refused(tmp_path):
    save_scripted(Beat(), tmp_path / "m.pt", {"controls": []})
    with pytest.raises(ValueError, match="to have kind, beats, voices"):
        load_events(tmp_path / "m.pt")


def test_events_of_a_file_are_checked_when_it_is_loaded(tmp_path):
    with pytest.raises(ValueError, match=r"expected beats in \[0, 4.0\), got 4.0"):
        save_events(Beat(4.0), tmp_path / "beat.pt", METADATA)


@pytest.mark.parametrize(("row", "message"), [
    ([-0.1, 0, NAN, 1, 1], "beats"), ([NAN, 0, NAN, 1, 1], "beats"),
    ([0, 2, NAN, 1, 1], "voices whole numbers below 2"),
    ([0, 0.5, NAN, 1, 1], "voices"), ([0, 0, 128, 1, 1], "pitches"), ([0, 0, NAN, 0, 1], "velocities"),
    ([0, 0, NAN, 1.01, 1], "velocities"), ([0, 0, NAN, NAN, 1], "velocities"), ([0, 0, NAN, 1, 0], "lengths")])
def test_each_column_has_its_range(row, message):
    with pytest.raises(ValueError, match=f"expected {message}"):
        check_events(torch.tensor([[row]], dtype=torch.float32), METADATA)


def test_rows_are_sorted_and_unused_ones_come_last():
    hit, late, unused = [0.0, 0, NAN, 1, 1], [1.0, 0, NAN, 1, 1], [NAN] * 5
    check_events(torch.tensor([[hit, late, unused], [unused] * 3]), METADATA)
    with pytest.raises(ValueError, match="sorted by beat"):
        check_events(torch.tensor([[late, hit]]), METADATA)
    with pytest.raises(ValueError, match="unused rows"):
        check_events(torch.tensor([[unused, hit]]), METADATA)
    with pytest.raises(ValueError, match=r"float32 events \(B, N, 5\)"):
        check_events(torch.zeros(1, 2, 4), METADATA)
