"""Recording while other threads use the same network: what each gets is what it would get alone."""

import copy
import io
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.mobilenetv3 import InvertedResidual, InvertedResidualConfig
from torchvision.ops import Conv2dNormActivation, SqueezeExcitation

from senet import record
from senet.inside import looking
from senet.models.resnet import SEBasicBlock, SEBottleneck
from senet.models.se import SEBlock
from tests.blocks_written import Renamed
from tests.variants import STANDARD, as_it_is, fused, made, replica


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    return torch.randn(8, 1, 3, 32, 32, generator=torch.Generator().manual_seed(1))


BLOCKS = {
    nn.Sequential: lambda: nn.Sequential(nn.Conv2d(16, 16, 1), nn.BatchNorm2d(16)),
    SEBlock: lambda: SEBlock(16),
    SEBasicBlock: lambda: SEBasicBlock(16, 16),
    SEBottleneck: lambda: SEBottleneck(16, 4),
    SqueezeExcitation: lambda: SqueezeExcitation(16, 4),
    Conv2dNormActivation: lambda: Conv2dNormActivation(16, 8),
    InvertedResidual: lambda: InvertedResidual(InvertedResidualConfig(16, 3, 16, 16, True, "HS", 1, 1, 1), nn.BatchNorm2d),
}


def untouched(model: nn.Module) -> bool:
    kept = [(m._forward_hooks, m._forward_pre_hooks, "train" in m.__dict__) for m in model.modules()]
    return not looking._held and not any(any(row) for row in kept)


@torch.no_grad()
def answer(model: nn.Module, x: Tensor) -> Tensor:
    return model(x)


def written() -> nn.Module:
    """Its gate is found by what it computes."""
    torch.manual_seed(0)
    return Renamed(512, 32).eval()


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("make", [partial(as_it_is, STANDARD), partial(fused, STANDARD), written], ids=["ours", "fused", "written"])
def test_recordings_and_answers_at_once(make, training, pictures):
    """Half of the threads record, some with gates of their own; the others only ask, or use a replica."""
    model = make()
    gates = dict.fromkeys(list(record(model, pictures[0]).blocks)[-1:], lambda s: 0 * s)
    expected = [record(model, x, maps=True, gates=gates if i % 4 == 0 else None) for i, x in enumerate(pictures)]
    plain = [answer(replica(model) if i % 4 == 1 else model, x) for i, x in enumerate(pictures)]
    model.train(training)

    def work(i: int) -> None:
        x = pictures[i]
        for _ in range(4):
            if i % 2 == 0:
                got = record(model, x, maps=True, gates=gates if i % 4 == 0 else None)
                assert torch.equal(got.logits, expected[i].logits)
                for name, block in expected[i].blocks.items():
                    for part in ("squeeze", "excitation", "maps"):
                        assert torch.equal(getattr(got.blocks[name], part), getattr(block, part)), (name, part)
            elif not training:
                assert torch.equal(answer(replica(model) if i % 4 == 1 else model, x), plain[i])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert all(module.training == training for module in model.modules())
    assert untouched(model)


def test_training_goes_on_as_if_nobody_looked(pictures):
    """Batch norm learns from every picture of the training, and from none of the recordings."""
    model, x = made(STANDARD, training=True), pictures[:2].flatten(0, 1)
    alone, ended = copy.deepcopy(model), threading.Event()

    def train(network: nn.Module) -> None:
        for i in range(25):
            network.eval() if i % 3 == 0 else network.train()
            network(x).sum().backward()
        ended.set()

    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(train, model)
        recorded = 0
        while not ended.is_set():
            assert len(record(model, x).blocks) == 4
            recorded += 1
        done.result()
    assert recorded
    train(alone)
    for (name, value), other in zip(model.state_dict().items(), alone.state_dict().values(), strict=True):
        assert torch.equal(value, other), name
    assert untouched(model)


def test_no_other_threads_stack_is_read_where_nothing_is_in_training_mode(monkeypatch, pictures):
    """Reading a stack that changes meanwhile has crashed Python: it is left to those who record during a training."""
    monkeypatch.setattr("sys._current_frames", lambda: pytest.fail("another thread's stack was read"))
    assert len(record(written(), pictures[0]).blocks) == 1
    with pytest.raises(pytest.fail.Exception, match="another thread's stack was read"):
        record(written().train(), pictures[0])


def test_whoever_waits_too_long_is_told(monkeypatch, pictures):
    monkeypatch.setattr(looking, "PATIENCE", 0.05)
    model, x = made(STANDARD, training=True), pictures[0].repeat(2, 1, 1, 1)
    inside, go = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        handle = model.layer1.register_forward_hook(lambda *_: inside.set() or (go.wait(20) and None))
        training = threads.submit(model, x)
        assert inside.wait(20)
        with pytest.raises(ValueError, match="training this network, or setting its mode, for 0 s"):
            record(model, x)
        go.set()
        training.result()
        handle.remove()
        with looking.evaluating(model.modules()):
            for asked in (lambda: model(x), model.eval, model.layer2.train):
                with pytest.raises(ValueError, match="kept .* in evaluation mode for 0 s"):
                    threads.submit(asked).result()
    assert all(module.training for module in model.modules())
    assert untouched(model)


@pytest.mark.parametrize("kind", looking.BLOCKS, ids=lambda kind: kind.__name__)
def test_blocks_whose_mode_is_left_alone_compute_the_same_in_either(kind, pictures):
    """What they are made of is in evaluation mode all the time."""
    model = BLOCKS[kind]().eval()
    x = pictures[0][:, :1].expand(-1, 16, -1, -1)
    expected = answer(model, x)
    model.training = True
    assert torch.equal(answer(model, x), expected)


def save(model: nn.Module) -> None:
    torch.save(model, io.BytesIO())


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps, save])
def test_a_copy_meanwhile_is_refused(copied, training, pictures):
    """It would keep the recording's hooks, and the mode."""
    model, refused = made(STANDARD, training=training), []

    def copy_it(module: nn.Module, args: tuple) -> None:
        with pytest.raises(ValueError, match="a recording of this network is in progress"):
            copied(model)
        refused.append(True)

    handle = model.layer3.register_forward_pre_hook(copy_it)
    record(model, pictures[0])
    handle.remove()
    assert refused
    assert untouched(model)
    copied(model)


def test_an_answer_that_fails_leaves_the_modes():
    model = made(STANDARD, training=True)
    model.layer1.eval()
    modes = [module.training for module in model.modules()]
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(record, model, torch.randn(1, 5, 32, 32)) for _ in range(4)]:
            with pytest.raises(RuntimeError, match="channels"):
                done.result()
    assert [module.training for module in model.modules()] == modes
    assert untouched(model)
