"""The loop that all networks share, its progress line, and silence for TensorFlow."""

import os
from typing import Any

import pytest
import torch

from helpers import train


class One(torch.nn.Module):
    """A single weight that starts at zero."""

    def __init__(self, device: str = "cpu") -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros((), device=device))


def learn(one: One, **settings: Any) -> list[dict[str, float]]:
    """Pull the weight towards 3, by half of the way each epoch."""
    half = torch.optim.SGD(one.parameters(), lr=0.25)
    return train.train_network(
        one, half, lambda: [3.0], lambda goal: (one.weight - goal) ** 2, **settings
    )


def test_without_validation_it_runs_to_the_end():
    one = One()
    curve = learn(one, epochs=4)
    assert [row["epoch"] for row in curve] == [1, 2, 3, 4]
    assert [row["loss"] for row in curve] == [9.0, 2.25, 0.5625, 0.140625]
    assert one.weight.item() == 3 - 3 / 2**4


def test_it_stops_after_the_best_epoch_and_goes_back_to_it():
    one, seen = One(), []

    def validate() -> float:
        assert not one.training and not torch.is_grad_enabled()
        seen.append(one.weight.item())
        return -abs(one.weight.item() - 2.25)  # best after two epochs

    curve = learn(one, epochs=50, validate=validate, patience=3)
    assert [row["valid"] for row in curve] == [-0.75, 0.0, -0.375, -0.5625, -0.65625]
    assert one.weight.item() == seen[1] == 2.25
    assert torch.is_grad_enabled()


def test_it_trains_where_the_network_is():
    one = One("meta")
    with pytest.raises(Exception, match="meta"):  # the loss has no value there
        learn(one, epochs=1)
    assert one.weight.grad is not None and one.weight.grad.is_meta


@pytest.mark.parametrize(("wish", "shown"), [(None, True), ("0", False)])
def test_the_progress_line_is_wiped_also_after_a_break(wish, shown, monkeypatch, capsys):
    monkeypatch.setattr(train, "_in_notebook", lambda: True)
    monkeypatch.delenv("ALIKE_PROGRESS", raising=False)
    if wish:
        monkeypatch.setenv("ALIKE_PROGRESS", wish)
    for step in train.progress(range(5), 5, "epoch"):
        if step == 2:
            break
    del step
    out = capsys.readouterr().out
    assert ("\repoch 3 of 5" in out) == shown
    assert out.endswith("\033[2K\r") == shown and (shown or out == "")


def test_stderr_is_silent_inside_loud_again_after_and_errors_come_through(capfd):
    with pytest.raises(ValueError, match="real"), train.silent_stderr():
        os.write(2, b"a greeting")
        raise ValueError("a real error")
    os.write(2, b"a warning")
    assert capfd.readouterr().err == "a warning"
