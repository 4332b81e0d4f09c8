"""Interventions on gates: by gate and channel, in a model whose gates nobody named."""

import pytest
import torch
from torch import Tensor, nn

from senet.inside.intervening import clamp, freeze, intervene, mean, resample, set_to, zero
from senet.inside.recording import record
from tests.blocks_written import HardFifth, Renamed


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.head = Renamed(6, 3), HardFifth(6, 3), nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        u = self.first.product(self.first.before(x))
        return self.head(self.second.product(u).mean((2, 3)))


@pytest.fixture(scope="module")
def asked() -> tuple[nn.Module, Tensor, str, str]:
    torch.manual_seed(0)
    model, x = Two().eval(), torch.randn(4, 3, 9, 9)
    return model, x, *record(model, x).blocks


def gates(model: nn.Module, x: Tensor, changes: dict, name: str) -> Tensor:
    return intervene(model, x, changes).blocks[name].excitation


def test_by_gate_and_channel(asked):
    model, x, first, second = asked
    own = record(model, x).blocks
    for change, at, wanted in [
        (zero([1, 3]), [1, 3], torch.zeros(2)),
        (set_to(0.25, [0]), [0], torch.full((1,), 0.25)),
        (set_to(torch.arange(6.0)), list(range(6)), torch.arange(6.0)),
        (mean([2]), [2], own[first].excitation[:, [2]].mean(0)),
        (clamp(0.4, 0.45, [4]), [4], own[first].excitation[:, [4]].clamp(0.4, 0.45)),
    ]:
        after = gates(model, x, {first: change}, first)
        torch.testing.assert_close(after[:, at], wanted.expand(4, -1), rtol=0, atol=1e-7)
        rest = [c for c in range(6) if c not in at]
        assert torch.equal(after[:, rest], own[first].excitation[:, rest])
    moved = intervene(model, x, {first: zero()})
    assert not torch.equal(moved.logits, record(model, x).logits)
    assert not torch.equal(moved.blocks[second].excitation, own[second].excitation)  # what comes later answers


def test_resampling_gives_each_picture_anothers_gates(asked):
    model, x, _, second = asked
    own, after = record(model, x).blocks[second].excitation, gates(model, x, {second: resample(3)}, second)
    of = [[j for j in range(4) if torch.equal(after[i], own[j])] for i in range(4)]
    assert sorted(j for (j,) in of) == [0, 1, 2, 3]
    assert all(of[i] != [i] for i in range(4))
    assert torch.equal(after, gates(model, x, {second: resample(3)}, second))


def test_frozen_gates_do_not_follow_the_picture(asked):
    model, x, first, second = asked
    recorded = record(model, x)
    frozen = intervene(model, x, {"*": freeze(recorded)})
    for name in (first, second):
        torch.testing.assert_close(frozen.blocks[name].excitation, recorded.blocks[name].excitation.mean(0).expand(4, -1))
    one = intervene(model, x.flip(0), {second: freeze(recorded, picture=2, channels=[5])}).blocks[second].excitation
    assert torch.equal(one[:, 5], recorded.blocks[second].excitation[2, 5].expand(4))
    again = intervene(model, x, {"*": freeze(recorded, picture=1)})
    torch.testing.assert_close(again.logits[1], recorded.logits[1])


def test_gates_that_stay_as_they_are_change_nothing(asked):
    model, x, first, _ = asked
    assert torch.equal(intervene(model, x, {"*": clamp(-9, 9)}).logits, record(model, x).logits)
    assert torch.equal(intervene(model, x, {first: torch.full((6,), torch.nan)}).logits, record(model, x).logits)


def test_what_does_not_fit_is_refused(asked):
    model, x, first, second = asked
    with pytest.raises(ValueError, match=rf"'nowhere.\*' fits no gate of this model: choose among {first}"):
        intervene(model, x, {"nowhere.*": zero()})
    with pytest.raises(ValueError, match=r"channels=\[6\] have to be between 0 and 5, the gate's last"):
        intervene(model, x, {first: zero([6])})
    with pytest.raises(ValueError, match="low=1 has to be at most high=0"):
        clamp(1, 0)
    with pytest.raises(ValueError, match="needs two pictures or more"):
        intervene(model, x[:1], {first: resample()})
    with pytest.raises(ValueError, match=r"is not in the recording to freeze by, which has 1"):
        intervene(
            model, x, {second: freeze(record(nn.Sequential(nn.Identity(), Renamed(6, 3).squash)[0:2], torch.randn(1, 6, 5, 5)))}
        )
