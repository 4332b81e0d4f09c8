"""What a recording takes: it leaves the model as it was, a stream keeps one batch, and it costs little time."""

import copy
import weakref

import pytest
import torch
from torch import nn

from senet import se_resnet18
from senet.inside.recording import record, stream
from tests.common import ratios

# --- the model stays as it was -------------------------------------------------------------------------------------------------


def hooks(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


def test_nothing_of_a_recording_stays_in_the_model(small, pictures):
    model = copy.deepcopy(small).train()
    model.bn1.eval()  # a frozen batch norm
    kept = []
    model.layer1[0].se.gate.register_forward_hook(lambda module, args, s: kept.append(s))
    state, modes = copy.deepcopy(model.state_dict()), [module.training for module in model.modules()]

    record(model, pictures, maps=True, gates={"layer1.0.se": torch.ones(4)})
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())  # batch norm's statistics too
    assert [module.training for module in model.modules()] == modes
    assert hooks(model) == 1
    assert len(kept) == 1  # the caller's own hook ran, and stays
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_nothing_stays_when_the_forward_fails(small):
    model = copy.deepcopy(small).train()
    with pytest.raises(RuntimeError, match="channels"):
        record(model, torch.randn(1, 5, 32, 32))
    assert hooks(model) == 0
    assert all(module.training for module in model.modules())


def test_a_training_model_is_recorded_as_it_predicts(small, pictures):
    model = copy.deepcopy(small)
    expected = record(model, pictures)
    for got in (record(model.train(), pictures), record(model.train(), pictures[:1])):
        n = len(got.logits)
        assert torch.equal(got.logits, expected.logits[:n]) or torch.allclose(got.logits, expected.logits[:n], atol=1e-6)
        for name, block in got.blocks.items():
            torch.testing.assert_close(block.excitation, expected.blocks[name].excitation[:n])


def test_no_graph_is_kept(small, pictures):
    result = record(small, pictures.clone().requires_grad_(), maps=True)
    tensors = [result.logits, *(t for block in result.blocks.values() for t in (block.squeeze, block.excitation, block.maps))]
    assert not any(tensor.requires_grad for tensor in tensors)


# --- streams -------------------------------------------------------------------------------------------------------------------


def test_streams_over_a_loader(small):
    images = torch.randn(10, 3, 32, 32)
    dataset = torch.utils.data.TensorDataset(images, torch.arange(10))
    whole = record(small, images)
    parts = list(stream(small, torch.utils.data.DataLoader(dataset, batch_size=4)))
    assert [len(part.logits) for part in parts] == [4, 4, 2]
    torch.testing.assert_close(torch.cat([part.logits for part in parts]), whole.logits)
    for name, block in whole.blocks.items():
        torch.testing.assert_close(torch.cat([part.blocks[name].excitation for part in parts]), block.excitation)
    assert all(block.maps is not None for block in next(stream(small, [images], maps=True)).blocks.values())


def test_streaming_keeps_one_batch(small):
    alive, most = weakref.WeakSet(), 0
    for part in stream(small, (torch.randn(2, 3, 32, 32) for _ in range(6)), maps=True):
        alive.add(part)
        most = max(most, len(alive))
    assert most <= 2  # the one in hand, and the one before it, which the loop's name still held while the next was made


def test_a_stream_left_half_way_leaves_nothing(small):
    model = copy.deepcopy(small).train()
    for _ in stream(model, [torch.randn(2, 3, 32, 32)] * 3):
        break
    assert hooks(model) == 0
    assert model.training


# --- cost ----------------------------------------------------------------------------------------------------------------------


def test_costs_at_most_a_twentieth_of_the_forward():
    torch.manual_seed(0)
    model, images = se_resnet18(num_classes=10).eval(), torch.randn(8, 3, 64, 64)

    def plain() -> None:
        with torch.no_grad():
            model(images)

    (recording,) = ratios([plain, lambda: record(model, images)], [1.05], times=15, attempts=10)
    assert recording <= 1.05
