"""What interrupts a training run, and that it goes on from there: to the bit, or refused in words."""

import errno
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from senet import training
from senet.images.patchwork import patchwork
from senet.images.picture import Preprocessing
from senet.models.cifar import small_resnet
from senet.training import Recipe, resume

PREPROCESS = Preprocessing(32, (0.5,) * 3, (0.25,) * 3)
# Whatever draws random numbers is on.
QUICK = Recipe(epochs=3, batch_size=20, peak_rate=0.1, zoom=0.8, bf16=False)


@pytest.fixture(scope="module")
def pictures():
    return patchwork(120, 3)


def network(seed=0) -> nn.Module:
    """With dropout, which draws from torch's global generator."""
    torch.manual_seed(seed)
    model = small_resnet((1,), (8,), num_classes=10)
    model.fc = nn.Sequential(nn.Dropout(0.2), model.fc)
    return model


def fit(model, pictures, recipe=QUICK, **more):
    return training.fit(model, pictures, None, recipe, PREPROCESS, progress=False, **more)


@pytest.fixture(scope="module")
def straight(pictures):
    """A run that nothing interrupted."""
    model = network()
    return model, fit(model, pictures)


@pytest.fixture
def finished(pictures, tmp_path):
    fit(network(), pictures, checkpoint=tmp_path / "run.pt")
    return tmp_path / "run.pt"


def goes_on(file, pictures, straight):
    model, history = straight
    resumed = network(seed=99)  # whatever it starts from, the checkpoint decides
    again = fit(resumed, pictures, checkpoint=file)
    assert all(torch.equal(x, y) for x, y in zip(model.state_dict().values(), resumed.state_dict().values(), strict=True))
    assert [r["loss"] for r in again] == [r["loss"] for r in history]


def python(code: str, *arguments, **more) -> subprocess.Popen:
    place = Path(__file__).parents[1]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(place)}
    # Ctrl-C is heard as in a terminal, even where these tests run in a shell's background, in which all ignore it.
    heard = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, preexec_fn=heard, **more)


DIES = """
import os, signal, sys, torch
torch.set_num_threads(1)
from senet import training
from senet.training import resume
from tests.test_resume import fit, network
from senet.images.patchwork import patchwork
file, where = sys.argv[1:]
calls = 0
def dies(real, last):
    def call(*args):
        global calls
        calls += 1
        if calls == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args)
    return call
if where == "step":  # the fourth of the second epoch, which has six
    training.augment = dies(training.augment, 10)
else:  # the second epoch's state is in the partial file, but not yet in its place; the first call is that of the probe
    os.replace = dies(os.replace, 3)
fit(network(), patchwork(120, 3), checkpoint=file)
"""


@pytest.mark.parametrize("where", ["step", "write"])
def test_killed_run_ends_with_the_same_weights(pictures, straight, tmp_path, where):
    """By SIGKILL, which no Python code sees coming."""
    file = tmp_path / "run.pt"
    process = python(DIES, file, where)
    process.communicate(timeout=600)
    assert process.returncode == -signal.SIGKILL
    assert len(torch.load(file, weights_only=True)["history"]) == 1
    assert file.with_name("run.pt.part").exists() == (where == "write")
    goes_on(file, pictures, straight)
    assert os.listdir(tmp_path) == ["run.pt"]


def test_ctrl_c_says_how_to_go_on(tmp_path):
    """As in a terminal: the command, and SIGINT as soon as there is something to go on from."""
    small = "from sebook.cli import datasets\ndatasets.PATCHWORK = {'train': (60, 1), 'test': (20, 2)}"
    code = f"import sys\nfrom sebook.cli import parser as m\n{small}\nsys.exit(m.main(sys.argv[1:]))"
    file = tmp_path / "run.pt"
    shape = '{"layers": [1], "widths": [8]}'
    options = ["--epochs", 100_000, "--batch-size", 20, "--device", "cpu", "--checkpoint", file, "--out", tmp_path / "out"]
    process = python(code, "train", "small_resnet", "--arguments", shape, *options)
    until = time.monotonic() + 600
    while not file.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)  # the file is there for a moment when it is tried out
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 130
    assert f"the same command, with {file}, goes on from its last whole epoch" in err.decode()
    assert "Traceback" not in err.decode()
    assert torch.load(file, weights_only=True)["history"]
    assert os.listdir(tmp_path) == ["run.pt"]


def test_loss_that_is_not_finite_keeps_the_last_good_epoch(pictures, straight, tmp_path, monkeypatch):
    file, model, real = tmp_path / "run.pt", network(), resume.save

    def spoil(path, state):
        real(path, state)
        if len(state.get("history", ())) == 2:
            with torch.no_grad():
                model.conv1.weight.fill_(torch.nan)

    monkeypatch.setattr(resume, "save", spoil)
    with pytest.raises(FloatingPointError, match=rf"epoch 3, step 1: lower peak_rate=0\.1; {re.escape(str(file))} keeps epoch 2"):
        fit(model, pictures, checkpoint=file)
    monkeypatch.undo()
    goes_on(file, pictures, straight)


@pytest.mark.parametrize("fails", ["write", "sync"])
def test_full_disk_is_named_and_leaves_the_epoch_before(finished, monkeypatch, fails):
    """At a write that the system cuts off, for real, and at the point where a file system that writes late would say so."""
    before = finished.read_bytes()
    if fails == "write":
        resource = pytest.importorskip("resource", reason="limits are Unix's")
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    else:
        monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
    try:
        with pytest.raises(OSError, match="could not be written; the state before is kept there") as caught:
            resume.save(finished, {"weights": torch.zeros(1000)})
    finally:
        if fails == "write":
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.filename == str(finished)
    assert caught.value.errno == (errno.EFBIG if fails == "write" else errno.ENOSPC)
    assert finished.read_bytes() == before
    assert os.listdir(finished.parent) == ["run.pt"]


def test_unwritable_place_is_found_before_the_first_step(pictures, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(training, "augment", lambda *_: pytest.fail("a step was taken"))
    with pytest.raises(OSError, match="run.pt"):
        fit(network(), pictures, checkpoint=tmp_path / "file" / "run.pt")


def test_interrupt_while_writing_leaves_nothing_partial(finished, monkeypatch):
    before = finished.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        resume.save(finished, {})
    assert finished.read_bytes() == before
    assert os.listdir(finished.parent) == ["run.pt"]


def test_other_runs_are_refused(pictures, finished):
    with pytest.raises(ValueError, match="'peak_rate': 0.1"):
        fit(network(), pictures, replace(QUICK, peak_rate=0.3), checkpoint=finished)
    with pytest.raises(ValueError, match="weights of another network"):
        fit(small_resnet((1,), (16,), num_classes=10), pictures, checkpoint=finished)
    with pytest.raises(ValueError, match="a run of 18 steps, not 15, so of other pictures"):
        fit(network(), pictures[:100], checkpoint=finished)


def test_runs_of_the_same_size_are_told_apart(pictures, finished):
    """Other labels, pictures, classes, gates and weights to start from: all have as many steps, and weights of the same shapes."""
    before = finished.read_bytes()
    swapped = replace(pictures, labels=pictures.labels.flip(0))
    for other in (swapped, patchwork(120, 4), replace(pictures, classes=pictures.classes[::-1])):
        with pytest.raises(ValueError, match="a run with another pictures: give the same, or another checkpoint file"):
            fit(network(), other, checkpoint=finished)
    gated = network()
    gated.layer1[0].se.gate = nn.Tanh()
    with pytest.raises(ValueError, match="a run with another network"):
        fit(gated, pictures, checkpoint=finished)
    with pytest.raises(ValueError, match="a run with another start"):
        fit(network(), pictures, checkpoint=finished, run={"start": "se_resnet20_cifar10"})
    assert finished.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"hello", None], ids=["empty", "text", "cut short"])
def test_damaged_file_is_named(pictures, finished, content):
    finished.write_bytes(finished.read_bytes()[:5000] if content is None else content)
    with pytest.raises(ValueError, match=r"run\.pt is not a training run's state, or is damaged"):
        fit(network(), pictures, checkpoint=finished)


def test_file_from_before_a_field_is_still_good(pictures, straight, finished):
    state = torch.load(finished, weights_only=True)
    assert set(state) == {"recipe", "run", "history", "model", "optimizer", "schedule"}
    assert state["recipe"] == asdict(QUICK)
    del state["recipe"]["se_decay"], state["recipe"]["grow_from"]  # both have their defaults
    del state["run"]  # which older files lack
    resume.save(finished, state)
    goes_on(finished, pictures, straight)
