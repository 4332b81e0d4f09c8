"""Checkpoints fetched from elsewhere: whole or not at all, once, and never run."""

import functools
import hashlib
import http.server
import io
import os
import pickle
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch

from senet import pretrained
from senet.models.cifar import se_resnet20
from senet.pretrained import Checkpoint, CheckpointError, download
from tests.checkpoints import describe
from tests.common import scramble


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder; those whose name has "broken" end half way."""

    def do_GET(self) -> None:
        if "broken" not in self.path:
            return super().do_GET()
        data = Path(self.directory, self.path.lstrip("/")).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        return None

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("SENET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def served(tmp_path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "served"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def elsewhere(url: str, data: bytes, **changes) -> Checkpoint:
    described = describe(classes=tuple(map(str, range(10))), architecture="se_resnet20", arguments={})
    described |= {"name": "x", "url": url, "sha256": hashlib.sha256(data).hexdigest()}
    return Checkpoint(**(described | changes))


def packed(state_dict, **options) -> bytes:
    buffer = io.BytesIO()
    torch.save(state_dict, buffer, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("net.pth", packed),
        ("old.pth", functools.partial(packed, _use_new_zipfile_serialization=False)),
        ("net.safetensors", lambda state_dict: safetensors.torch.save(dict(state_dict))),
    ],
)
def test_a_file_is_fetched_once(name, pack, served, cache):
    torch.manual_seed(0)
    net = scramble(se_resnet20())
    folder, host = served
    data = pack(net.state_dict())
    (folder / name).write_bytes(data)
    checkpoint = elsewhere(f"{host}/{name}?v=1", data, sha256=hashlib.sha256(data).hexdigest()[:8])
    loaded = pretrained.load(checkpoint, progress=False)
    assert all(torch.equal(value, net.state_dict()[key]) for key, value in loaded.state_dict().items())
    assert [path.name for path in cache.iterdir()] == [name]
    (folder / name).unlink()
    pretrained.load(checkpoint, progress=False)  # from the cache


def test_others_weights_are_converted_on_the_way(served, cache):
    torch.manual_seed(0)
    theirs = scramble(timm.create_model("seresnet18", num_classes=10))
    folder, host = served
    data = packed(theirs.state_dict())
    (folder / "seresnet18.pth").write_bytes(data)
    checkpoint = elsewhere(
        f"{host}/seresnet18.pth", data, architecture="se_resnet18", arguments={"bias": True, "min_hidden": 8}, source="timm"
    )
    x = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(pretrained.load(checkpoint, progress=False)(x), theirs(x))


def test_shows_progress_in_bytes(served, cache, capsys):
    folder, host = served
    (folder / "file.pth").write_bytes(b"x" * 2_500_000)
    download.fetch(f"{host}/file.pth", hashlib.sha256(b"x" * 2_500_000).hexdigest())
    assert "2.50M/2.50M" in capsys.readouterr().err
    (folder / "quiet.pth").write_bytes(b"y")
    download.fetch(f"{host}/quiet.pth", hashlib.sha256(b"y").hexdigest(), progress=False)
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "sha256", "says"),
    [
        ("good.pth", "0" * 64, "good.pth: 1,000 bytes of sha256 "),
        ("good.pth", "ab", "1,000 bytes"),  # too short to tell anything
        ("broken.pth", "", "broken.pth broke off after 500 of 1,000 bytes: try again"),
        ("gone.pth", "", "gone.pth answers 404 File not found: it may have moved"),
    ],
)
def test_what_is_not_right_is_not_kept(path, sha256, says, served, cache):
    folder, host = served
    data = bytes(1000)
    for name in ("good.pth", "broken.pth"):
        (folder / name).write_bytes(data)
    with pytest.raises(CheckpointError, match=re.escape(says)):
        download.fetch(f"{host}/{path}", sha256 or hashlib.sha256(data).hexdigest(), progress=False)
    assert not list(cache.iterdir())


def test_no_network_is_said_so(served, cache):
    _, host = served
    unused = re.sub(r"\d+$", "9", host)  # the discard port: nothing listens
    with pytest.raises(CheckpointError, match=r"could not be fetched \(.*refused.*\): check the network, or put the file into"):
        download.fetch(f"{unused}/net.pth", "0" * 64, progress=False)
    with pytest.raises(CheckpointError, match="could not be fetched"):
        download.fetch("http://no-such-host.invalid/net.pth", "0" * 64, progress=False)
    assert not list(cache.iterdir())


def test_an_interrupted_download_leaves_nothing(served, cache, monkeypatch):
    folder, host = served
    (folder / "net.pth").write_bytes(bytes(1000))

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(download.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        download.fetch(f"{host}/net.pth", hashlib.sha256(bytes(1000)).hexdigest(), progress=False)
    assert not list(cache.iterdir())


def test_a_damaged_file_in_the_cache_is_not_opened(cache):
    cache.mkdir()
    (cache / "net.pth").write_bytes(b"half of someth")
    with pytest.raises(CheckpointError, match="it is truncated or another file; restore it, or delete it if it was downloaded"):
        pretrained.load(elsewhere("http://127.0.0.1:9/net.pth", b"something"))


def test_the_cache_is_torch_hubs_unless_told(monkeypatch):
    monkeypatch.delenv("SENET_CACHE", raising=False)
    assert download.cache() == Path(torch.hub.get_dir()) / "checkpoints"


class Malicious:
    """What a pickle can do: run a command when read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable, tuple]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("raw", [False, True])
def test_a_malicious_file_is_refused_and_does_nothing(raw, cache, tmp_path):
    proof = tmp_path / "was-run"
    data = pickle.dumps(Malicious(proof)) if raw else packed({"conv1.weight": Malicious(proof)})
    cache.mkdir()
    (cache / "evil.pth").write_bytes(data)
    with pytest.raises(CheckpointError, match=r"evil\.pth holds something other than tensors, and is not opened"):
        pretrained.load(elsewhere("http://127.0.0.1:9/evil.pth", data))
    assert not proof.exists()


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("x.pth", packed([1, 2]), "holds no state dict"),
        ("x.pth", packed({"state_dict": {"a": torch.ones(1)}}), "holds no state dict"),
        ("x.pth", b"\x80", "holds something other than tensors"),
        ("x.pth", b"", "holds something other than tensors"),
        ("x.safetensors", b"no header", "holds something other than tensors"),
    ],
)
def test_a_file_without_a_state_dict_is_refused(name, data, says, cache):
    cache.mkdir()
    (cache / name).write_bytes(data)
    with pytest.raises(CheckpointError, match=says):
        pretrained.load(elsewhere(f"http://127.0.0.1:9/{name}", data))
