"""Whether a machine is ready, in plain words: each fault that a participant may bring has to be named, with a remedy."""

import json
import re
import shutil
import subprocess
import sys
import urllib.error
from importlib import metadata
from types import SimpleNamespace

import pytest
import torch

from sebook.cli import parser as commands
from sebook.cli import preflight, trials
from sebook.widgets import view
from senet import machine, pretrained
from senet import training as trainer

VERSIONS = {"ipykernel": "7.0.0", "jupyterlab": "4.4.0"}


@pytest.fixture(autouse=True)
def with_jupyter(monkeypatch):
    """A machine that has JupyterLab, whatever this one has."""
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: VERSIONS[name] if name in VERSIONS else real(name))


def installed(monkeypatch, **versions):
    """Packages at other versions than they are; None for none at all."""
    before = metadata.version

    def version(name):
        if name not in versions:
            return before(name)
        if versions[name] is None:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(metadata, "version", version)


def test_a_machine_that_is_ready(capsys, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("nobody asked for the network")

    monkeypatch.setattr(preflight.urllib.request, "urlopen", refuse)
    with pytest.raises(SystemExit) as status:
        commands.main(["preflight", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert status.value.code == 0 and said["ready"] is True
    assert [each["name"] for each in said["findings"]] == [
        *("python", "torch", "torchvision", "anywidget", "ipywidgets", "packages", "jupyter", "memory", "disk"),
        *("processor", "widgets", "weights", "training", "network"),
    ]
    states = {each["name"]: each["state"] for each in said["findings"]}
    assert states.pop("network") == "note" and set(states.values()) == {"ready"}
    assert not any(each["remedy"] for each in said["findings"])
    by_name = {each["name"]: each["said"] for each in said["findings"]}
    assert metadata.version("torch") in by_name["torch"] and "4.4.0" in by_name["jupyter"]
    recorded = pretrained.get(trials.NETWORK).provenance["test_accuracy"]
    assert f"{recorded:.1%} right" in by_name["weights"]
    fast = machine.bfloat16_is_fast("cpu")
    assert by_name["processor"].endswith("bfloat16: fast here, used" if fast else "bfloat16: slow here, not used")
    assert machine.processor() in by_name["processor"] and machine.instructions() in by_name["processor"]
    assert re.search(r"the live training will take about \d+ (s|minutes) here$", by_name["training"])


def stopped(name):
    def cut(monkeypatch):
        monkeypatch.setitem(sys.modules, name, None)

    return cut


def old_python(monkeypatch):
    monkeypatch.setattr(preflight.sys, "version_info", (3, 10, 4, "final", 0))


def little_memory(monkeypatch):
    monkeypatch.setattr(preflight, "available", lambda: 0.4)


def little_disk(monkeypatch):
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda _: SimpleNamespace(free=2e8))


def new_python(monkeypatch):
    monkeypatch.setattr(preflight.sys, "version_info", (3, 15, 0, "final", 0))
    there = [each for each in metadata.distributions() if each.name != "scikit-image"]
    monkeypatch.setattr(metadata, "distributions", lambda: there)


def little_disk_for_cuda(monkeypatch):
    monkeypatch.setattr(preflight, "importable", lambda name: False)
    monkeypatch.setattr(preflight.sys, "platform", "linux")
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda _: SimpleNamespace(free=2e9))


def little_disk_for_torch(monkeypatch):
    monkeypatch.setattr(preflight, "importable", lambda name: False)
    monkeypatch.setattr(preflight.sys, "platform", "darwin")
    little_disk(monkeypatch)


def no_bundle(monkeypatch):
    monkeypatch.setattr(view, "STATIC", view.STATIC / "gone")


def no_weights(monkeypatch):
    monkeypatch.setattr(pretrained, "_shipped", dict)


def loss_rises(monkeypatch):
    monkeypatch.setattr(torch.optim.SGD, "step", lambda self: [p.data.add_(p.grad) for g in self.param_groups for p in g["params"]])


def other_answers(monkeypatch):
    real = trainer.evaluate
    monkeypatch.setattr(trainer, "evaluate", lambda *a: {**real(*a), "loss": 0.3})


def unthought_of(monkeypatch):
    monkeypatch.setattr(preflight, "available", lambda: 1 / 0)


FAULTS = [
    ("python", old_python, "Python 3.10.4 is too old", "3.11 or newer"),
    ("python", new_python, "Python 3.15.0 is too new: scikit-image may not install", "install Python 3.14"),
    ("torch", lambda m: installed(m, torch=None), "torch is not installed", 'pip install "torch>=2.4"'),
    ("torch", lambda m: installed(m, torch="1.13.1+cu117"), "torch 1.13.1+cu117 is older than 2.4", "--upgrade"),
    ("torchvision", stopped("torchvision"), "cannot be imported", "--force-reinstall torch torchvision"),
    ("anywidget", lambda m: installed(m, anywidget="0.6.0"), "anywidget 0.6.0 is older", 'pip install --upgrade "anywidget>='),
    ("ipywidgets", lambda m: installed(m, ipywidgets=None), "ipywidgets is not installed", 'pip install "ipywidgets>='),
    ("packages", lambda m: installed(m, scipy=None), "scipy is not installed", 'pip install "scipy>=1.9"'),
    ("jupyter", lambda m: installed(m, jupyterlab=None, notebook=None), "neither JupyterLab nor", "pip install jupyterlab"),
    ("jupyter", lambda m: installed(m, ipykernel=None), "ipykernel is not installed", "pip install"),
    ("memory", little_memory, "0.4 GB of memory are free", "close other programs"),
    ("memory", unthought_of, "ZeroDivisionError", "your teacher"),
    ("disk", little_disk, "0.2 GB of disk are free here", "make room"),
    ("disk", little_disk_for_cuda, "2.0 GB of disk are free here, and 6.0 GB", "without CUDA, which takes 1.5 GB: python -m pip"),
    ("disk", little_disk_for_torch, "0.2 GB of disk are free here, and 1.5 GB", "make room"),
    ("widgets", no_bundle, "the widgets' widget.js and widgets.css are missing", "make book"),
    ("weights", no_weights, "the trained networks are missing", "install the package again"),
    ("weights", other_answers, "answers otherwise than recorded", "torch torchvision"),
    ("training", loss_rises, "a training of eight steps took the loss from", "torch torchvision"),
]


@pytest.mark.parametrize(("name", "fault", "said", "remedy"), FAULTS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_fault_is_named_with_its_remedy(name, fault, said, remedy, monkeypatch, capsys):
    fault(monkeypatch)
    for each in {"processor", "widgets", "weights", "training"} - {name}:  # they take long
        monkeypatch.setattr(preflight, each, lambda: "")
    findings = preflight.check()
    (finding,) = [each for each in findings if each.name == name]
    assert finding.state == "missing" and said in finding.said and remedy in finding.remedy
    others = [each for each in findings if each.state == "missing" and each.name != name]
    assert all("not tried without" in each.said for each in others), others
    monkeypatch.setattr(preflight, "check", lambda asked: [finding])
    assert preflight.main([]) == 1
    printed = capsys.readouterr().out
    assert f"MISSING  {finding.said}\n         -> {finding.remedy}" in printed and "Not ready yet: one thing is missing." in printed


def test_a_truncated_network_is_named(monkeypatch, tmp_path):
    data = pretrained.get(trials.NETWORK).file.parent
    for path in data.glob(f"{trials.NETWORK}.*"):
        shutil.copy(path, tmp_path)
    file = tmp_path / f"{trials.NETWORK}.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    monkeypatch.setattr(pretrained, "_shipped", lambda: {trials.NETWORK: tmp_path / f"{trials.NETWORK}.json"})
    with pytest.raises(preflight.Missing, match="truncated") as told:
        preflight.weights()
    assert "install the package again" in told.value.remedy


@pytest.mark.parametrize(("answer", "said"), [
    (urllib.error.HTTPError("", 404, "", None, None), "answers:"),
    (urllib.error.URLError("no such host"), "does not answer (no such host): networks pretrained on ImageNet"),
    (TimeoutError("timed out"), "does not answer (timed out)"),
])  # fmt: skip
def test_the_network_is_asked_only_when_told_to(answer, said):
    asked = []

    def open_url(request, timeout):
        asked.append((request.full_url, request.method, timeout))
        raise answer

    assert [each.state for each in preflight.network(False, open_url)] == ["note"] and not asked
    findings = preflight.network(True, open_url)
    assert [url for url, _, _ in asked] == list(preflight.NEEDS_NETWORK)
    assert all(method == "HEAD" and timeout <= 5 for _, method, timeout in asked)
    assert said in findings[0].said and all(each.state == "note" for each in findings)  # nobody fails by it


def test_without_torch_it_still_runs():
    """As a participant runs it, in a Python where importing PyTorch fails: no traceback, and a report of all else."""
    script = "import sys, runpy; sys.modules['torch'] = None; sys.orig_argv = sys.argv = ['senet', 'preflight', '--json']; "
    script += "runpy.run_module('senet', run_name='__main__', alter_sys=False)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    findings = {each["name"]: each for each in json.loads(done.stdout)["findings"]}
    assert "torch" in findings["torch"]["said"] and findings["torch"]["state"] == "missing"
    assert findings["python"]["state"] == "ready"
    assert "not tried without torch" in findings["weights"]["said"]
    script = script.replace("'preflight', '--json'", "'weights'")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "Traceback" in done.stderr  # any other command has to stop


@pytest.mark.parametrize(
    ("version", "parts"), [("2.14.1+cu130", (2, 14, 1)), ("0.9", (0, 9)), ("4.5.0rc1", (4, 5, 0)), ("dev", ())]
)
def test_versions_are_compared_by_number(version, parts):
    assert preflight.numbers(version) == parts


def test_a_newer_python_that_has_all_packages_will_do(monkeypatch):
    monkeypatch.setattr(preflight.sys, "version_info", (3, 15, 1, "final", 0))
    assert preflight.python() == "Python 3.15.1"


def test_the_memory_is_what_the_system_tells():
    assert 0 < preflight.available() < 10_000
