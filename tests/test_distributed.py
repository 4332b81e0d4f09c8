"""Two processes take the steps that one would have taken."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from senet import training
from senet.images.patchwork import patchwork
from senet.images.picture import Preprocessing
from senet.models.se import SEBlock
from senet.training import Recipe, augmentation
from senet.training.distributed import team

PREPROCESS = Preprocessing(32, (0.5,) * 3, (0.25,) * 3)
RECIPE = Recipe(epochs=2, batch_size=20, peak_rate=0.1, zoom=0.7, grow_from=24, bf16=False)


def network(rank: int = 0) -> nn.Module:
    """SE without batch norm, whose statistics would be each process's own: what is left is the same mean over the batch."""
    torch.manual_seed(rank)  # the first one's weights have to win
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2), nn.ReLU(), SEBlock(16, 4), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 10)
    )


def trained(model: nn.Module, checkpoint: Path, **more) -> list[dict[str, float]]:
    return training.fit(model, patchwork(60, 1), patchwork(30, 2), RECIPE, PREPROCESS, checkpoint=checkpoint, **more)


WORKER = """
import os, sys, torch
torch.set_num_threads(1)
from pathlib import Path
from tests.test_distributed import network, trained
rank = int(os.environ["RANK"])
for own, folder in enumerate(map(Path, sys.argv[1:])):
    print(f"in {folder.name}", file=sys.stderr)
    model = network(rank)
    if own:
        torch.distributed.init_process_group("gloo")  # the caller's own, which fit has to notice and to leave alone
    history = trained(model, folder / "run.pt", progress=True)
    assert torch.distributed.is_initialized() == bool(own)
    torch.save({"model": model.state_dict(), "history": history}, folder / f"{rank}.pt")
"""
WAYS = ("by torchrun's variables", "in a group that is there")


def in_processes(*folders: Path, size: int = 2) -> list[str]:
    """Run WORKER in ``size`` processes, with torchrun's variables. Returns what each wrote to stderr."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    shared["PYTHONPATH"] = str(Path(__file__).parents[1])
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, *map(str, folders)],
            env=os.environ | shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]
    said = [worker.communicate(timeout=600)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * size, "\n".join(said)
    return said


@pytest.fixture(scope="module")
def by_two(tmp_path_factory) -> dict[str, tuple[Path, list[str]]]:
    """By way, the folder with what two processes trained, and what each said. One pair goes both ways: most of it is importing."""
    folders = [tmp_path_factory.mktemp(way.split()[0]) for way in WAYS]
    said = [re.split(r"^in .+\n", text, flags=re.MULTILINE)[1:] for text in in_processes(*folders)]
    return {way: (folders[i], [each[i] for each in said]) for i, way in enumerate(WAYS)}


@pytest.mark.parametrize("way", WAYS)
def test_two_processes_do_what_one_does(by_two, way):
    tmp_path, said = by_two[way]
    alone = network()
    history = trained(alone, tmp_path / "alone.pt", progress=False)
    results = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    for name, value in alone.state_dict().items():
        assert torch.equal(results[0]["model"][name], results[1]["model"][name]), name
        # Sums of 20 pictures, or of twice 10: float32 rounds them otherwise, over six steps.
        torch.testing.assert_close(results[0]["model"][name], value, rtol=1e-4, atol=1e-6)
    for mine, first, second in zip(history, results[0]["history"], results[1]["history"], strict=True):
        assert {k: v for k, v in first.items() if k != "seconds"} == {k: v for k, v in second.items() if k != "seconds"}
        assert first["accuracy"] == mine["accuracy"]
        assert first["test_accuracy"] == mine["test_accuracy"]
        assert first["test_loss"] == pytest.approx(mine["test_loss"], rel=1e-5)
    assert "step" in said[0]  # the first alone shows a bar
    assert "step" not in said[1]
    # What the first wrote is a run's state like any other: without the wrapper's names, and one process can take it up.
    assert [r["loss"] for r in trained(network(), tmp_path / "run.pt", progress=False)] == [
        r["loss"] for r in results[0]["history"]
    ]


def test_alone_there_is_one():
    with team("cpu") as together:
        assert together.share == (0, 1)
        assert together.sum(1, 2.5) == [1, 2.5]
        assert together.mean(torch.tensor(0.25)) == 0.25
        assert together.first(lambda: "made") == "made"
        model = network()
        assert together.wrap(model) is model


@pytest.mark.parametrize("size", [3])
def test_a_batch_that_cannot_be_shared_is_refused(size, monkeypatch):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 0)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: size)
    with pytest.raises(ValueError, match="batch_size=20 cannot be shared by 3 processes"):
        training.fit(network(), patchwork(60, 1), None, RECIPE, PREPROCESS)


@given(each=st.integers(1, 4), size=st.integers(1, 4), shift=st.integers(0, 3), flip=st.booleans(), seed=st.integers(0, 1000))
@settings(max_examples=30)
def test_shares_of_the_augmentation_are_the_whole(each, size, shift, flip, seed):
    images = torch.randint(256, (each * size, 3, 12, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))

    def made(part, share):
        generator = torch.Generator().manual_seed(seed)
        out = augmentation.augment(part, shift, flip, generator, share)
        return out, augmentation.cut(out.float(), 0.6, 8, generator, share)

    whole, parts = made(images, (0, 1)), [made(images.chunk(size)[rank], (rank, size)) for rank in range(size)]
    assert torch.equal(torch.cat([shifted for shifted, _ in parts]), whole[0])
    torch.testing.assert_close(torch.cat([zoomed for _, zoomed in parts]), whole[1], rtol=0, atol=1e-3)  # of 0 to 255
