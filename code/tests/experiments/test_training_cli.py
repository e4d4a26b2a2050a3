"""Claims about the command that trains an entry of a chapter's RUNS."""

import main
import pytest
import torch


@pytest.fixture
def command(data):
    """Run the training command of the line."""
    return lambda out, *arguments: main.main(["train", "line/line", "--data", str(data), "--out", str(out), *arguments])


def test_a_budget_pauses_and_the_same_command_goes_on_to_the_same_file(line, command, tmp_path, capsys):
    command(tmp_path / "whole.pt")
    assert "paused" not in capsys.readouterr().out
    pauses = 0
    while True:
        command(tmp_path / "paused.pt", "--budget", "0.00005")
        said = capsys.readouterr().out
        assert "wrote" in said and (tmp_path / "paused.pt").is_file()
        if "paused at step" not in said:
            break
        pauses += 1
        assert "of 100: the same command goes on" in said
    assert pauses >= 1 and not (tmp_path / "paused.pt.ckpt").exists()
    whole, paused = (torch.load(tmp_path / name, weights_only=True) for name in ("whole.pt", "paused.pt"))
    assert torch.equal(whole["weight"], paused["weight"])


@pytest.mark.parametrize("text", ["0", "-1", "nan", "ten"])
def test_a_budget_that_is_no_time_is_named(line, command, tmp_path, capsys, text):
    with pytest.raises(SystemExit):
        command(tmp_path / "line.pt", "--budget", text)
    assert f"expected minutes above 0, got {text!r}" in capsys.readouterr().err
