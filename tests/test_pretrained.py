"""Checkpoints: saved and read back, fetched whole or not at all, and others' weights exact in ours or refused."""

import functools
import hashlib
import http.server
import io
import json
import os
import pickle
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
import torch.nn.functional as F
import torchvision
from PIL import Image
from torch import Tensor, nn

from senet import pretrained
from senet.models import legacy, resnet
from senet.models.cifar import se_resnet20, small_resnet
from senet.models.se import SEBlock
from senet.pretrained import Checkpoint, CheckpointError, Preprocessing, convert, download
from tests.common import scramble

PREPROCESSING = Preprocessing(32, (0.5, 0.4, 0.3), (0.2, 0.3, 0.25))
CLASSES = ("cat", "dog", "hörnchen")


def describe(**changes) -> dict:
    described = {
        "title": "a small one",
        "architecture": "small_resnet",
        "arguments": {"layers": [1, 1], "widths": [4, 8], "reduction": 2},
        "classes": CLASSES,
        "preprocessing": PREPROCESSING,
        "licence": "BSD-3-Clause",
        "provenance": {"accuracy": 0.5, "data": "none"},
    }
    return described | changes


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    return scramble(small_resnet((1, 1), (4, 8), reduction=2, num_classes=3))


# --- saved and read ------------------------------------------------------------------------------------------------------------


def test_what_is_saved_is_read_back(model, tmp_path):
    saved = pretrained.save(model.to(memory_format=torch.channels_last), "small", tmp_path / "new", **describe())
    checkpoint = pretrained.read(tmp_path / "new" / "small.json")
    assert checkpoint == saved
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["small.json", "small.safetensors"]
    assert checkpoint.sha256 == hashlib.sha256(checkpoint.file.read_bytes()).hexdigest()
    assert checkpoint.meta["categories"] == list(CLASSES)
    assert checkpoint.preprocessing == PREPROCESSING
    assert checkpoint.provenance == {"accuracy": 0.5, "data": "none"}

    loaded = pretrained.load(checkpoint)
    assert not loaded.training
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in loaded.state_dict().items())
    x = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(loaded(x), model(x))
    # The same through a constructor, as torchvision's weights are used.
    again = small_resnet((1, 1), (4, 8), weights=checkpoint, reduction=2)
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in again.state_dict().items())


def test_training_may_begin_with_weights_for_other_classes(model, tmp_path):
    pretrained.save(model, "small", tmp_path, **describe())
    mine = small_resnet((1, 1), (4, 8), reduction=2, num_classes=7)
    last = mine.fc.weight.clone()
    assert pretrained.begin(mine, str(tmp_path / "small.json")).title == "a small one"
    assert torch.equal(mine.fc.weight, last)  # seven classes of one's own
    assert all(torch.equal(v, mine.state_dict()[k]) for k, v in model.state_dict().items() if not k.startswith("fc."))

    same = small_resnet((1, 1), (4, 8), reduction=2, num_classes=3)
    pretrained.begin(same, str(tmp_path / "small.json"))
    assert torch.equal(same.fc.weight, model.fc.weight)

    plain = small_resnet((1, 1), (4, 8), reduction=None, num_classes=3)
    with pytest.raises(ValueError, match="is a small one, small_resnet with the arguments .* differs .* in layer1.0.se.fc1.weight"):
        pretrained.begin(plain, str(tmp_path / "small.json"))
    with pytest.raises(ValueError, match="is no checkpoint"):
        pretrained.begin(same, "smal")


def test_half_precision_halves_the_file_and_is_read_as_float32(model, tmp_path):
    whole = pretrained.save(model, "whole", tmp_path, **describe())
    half = pretrained.save(model, "half", tmp_path, **describe(), dtype=torch.float16)
    tensors = [path.file.stat().st_size - 8 - int.from_bytes(path.file.read_bytes()[:8], "little") for path in (whole, half)]
    assert tensors[1] < 0.51 * tensors[0]
    for key, value in pretrained.load(half).state_dict().items():
        original = model.state_dict()[key]
        assert value.dtype == original.dtype
        assert torch.equal(value, original.half().to(original.dtype))


def test_saving_again_replaces_and_leaves_nothing_else(model, tmp_path):
    pretrained.save(model, "small", tmp_path, **describe())
    pretrained.save(model, "small", tmp_path, **describe(title="another"))
    assert pretrained.read(tmp_path / "small.json").title == "another"
    assert len(list(tmp_path.iterdir())) == 2


def test_the_file_is_readable_without_senet(model, tmp_path):
    checkpoint = pretrained.save(model, "small", tmp_path, **describe())
    entry = json.loads((tmp_path / "small.json").read_text(encoding="utf-8"))
    assert entry["classes"] == list(CLASSES)
    assert entry["file"] == "small.safetensors"
    assert safetensors.torch.load_file(checkpoint.file).keys() == model.state_dict().keys()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"architecture": "resnet9"}, "architecture='resnet9' is unknown: choose one of 'se_resnet18'"),
        ({"arguments": {"layers": [1, 1], "widths": [4, 8], "reduction": None}}, "model is not what small_resnet(num_classes=3"),
        ({"classes": ("one", "two")}, "model is not what small_resnet(num_classes=2"),
        ({"dtype": torch.int8}, "dtype=torch.int8 is not for files: choose torch.float32 or torch.float16"),
        ({"name": "a/b"}, "name='a/b' becomes a file's"),
        ({"name": ""}, "name=''"),
    ],
)
def test_refuses_to_save(changes, says, model, tmp_path):
    with pytest.raises(ValueError, match=re.escape(says)):
        pretrained.save(model, changes.pop("name", "x"), tmp_path, **describe(**changes))
    assert not list(tmp_path.iterdir())


def test_refuses_to_save_what_is_not_finite(model, tmp_path):
    spoilt = small_resnet((1, 1), (4, 8), reduction=2, num_classes=3)
    nn.init.constant_(spoilt.fc.weight, 1e6)
    with pytest.raises(ValueError, match=r"fc\.weight is not finite in torch\.float16: save in torch\.float32"):
        pretrained.save(spoilt, "x", tmp_path, **describe(dtype=torch.float16))
    nn.init.constant_(spoilt.fc.bias, torch.nan)
    with pytest.raises(ValueError, match=r"fc\.bias is not finite in torch\.float32$"):
        pretrained.save(spoilt, "x", tmp_path, **describe())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: data[:-1], "it is truncated or another file; restore it"),
        (lambda data: b"", "0 bytes of sha256"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "instead of"),
    ],
)
def test_a_damaged_file_is_not_read(damage, says, model, tmp_path):
    checkpoint = pretrained.save(model, "small", tmp_path, **describe())
    checkpoint.file.write_bytes(damage(checkpoint.file.read_bytes()))
    with pytest.raises(CheckpointError, match=re.escape(says)):
        pretrained.load(checkpoint)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "describes no checkpoint"),
        ("[]", "describes no checkpoint"),
        ("{}", "'preprocessing'"),
        ('{"preprocessing": {"size": 0, "mean": [0, 0, 0], "std": [1, 1, 1]}}', "size=0"),
    ],
)
def test_a_damaged_description_is_refused(text, says, tmp_path):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(CheckpointError, match=re.escape(says)):
        pretrained.read(tmp_path / "x.json")


def test_a_missing_file_is_named(model, tmp_path):
    with pytest.raises(CheckpointError, match=r"nowhere\.json does not exist"):
        pretrained.read(tmp_path / "nowhere.json")
    checkpoint = pretrained.save(model, "small", tmp_path, **describe())
    checkpoint.file.unlink()
    with pytest.raises(CheckpointError, match=r"small\.safetensors cannot be read: No such file"):
        pretrained.load(checkpoint)


# --- the registry --------------------------------------------------------------------------------------------------------------


def test_every_entry_can_make_its_network():
    for name in pretrained.names():
        checkpoint = pretrained.get(name)
        assert checkpoint.name == name
        with torch.device("meta"):
            made = pretrained.ARCHITECTURES[checkpoint.architecture](num_classes=len(checkpoint.classes), **checkpoint.arguments)
        assert made.fc.out_features == len(checkpoint.classes)
        assert re.fullmatch("[0-9a-f]{8,64}", checkpoint.sha256)
        assert (checkpoint.file is None) != (checkpoint.url is None)
        assert checkpoint.licence
        assert checkpoint.provenance
        assert checkpoint.title


def test_shipped_networks_load():
    shipped = [name for name in pretrained.names() if pretrained.get(name).url is None]
    for name in shipped:
        checkpoint = pretrained.get(name)
        assert len(checkpoint.sha256) == 64
        size = checkpoint.preprocessing.size
        pictures = torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8)
        logits = pretrained.load(name)(checkpoint.preprocessing(pictures))
        assert logits.shape == (2, len(checkpoint.classes))
        assert logits.isfinite().all()
    folder = Path(pretrained.__file__).parents[2] / "data"
    assert set(shipped) >= {path.stem for path in folder.glob("*.safetensors") if "." not in path.stem}


def test_networks_elsewhere_agree_with_timm():
    """Address, input, crop and mean are timm's own, which wrote the networks down."""
    names = {
        "timm_se_resnet50_a1": "seresnet50.a1_in1k",
        "timm_se_resnet50_a2": "seresnet50.a2_in1k",
        "timm_se_resnet50_a3": "seresnet50.a3_in1k",
        "timm_se_resnet50_ra2": "seresnet50.ra2_in1k",
        "timm_se_resnext50_racm": "seresnext50_32x4d.racm_in1k",
        "legacy_se_resnet50": "legacy_seresnet50.in1k",
        "legacy_se_resnet101": "legacy_seresnet101.in1k",
        "legacy_se_resnet152": "legacy_seresnet152.in1k",
    }
    assert set(pretrained.ELSEWHERE) == set(names)
    for ours, theirs in names.items():
        checkpoint, cfg = pretrained.get(ours), timm.get_pretrained_cfg(theirs)
        assert checkpoint.url == cfg.url
        assert f"-{checkpoint.sha256}." in cfg.url
        how = checkpoint.preprocessing
        assert (3, how.size, how.size) == cfg.input_size
        assert (how.crop, how.interpolation, how.mean, how.std) == (cfg.crop_pct, cfg.interpolation, cfg.mean, cfg.std)
        assert len(checkpoint.classes) == cfg.num_classes
        assert cfg.license == "apache-2.0"


def test_an_unknown_name_brings_up_the_nearest():
    with pytest.raises(ValueError, match="name='legacy_seresnet50' is no checkpoint: choose one of 'legacy_se_resnet50'"):
        pretrained.get("legacy_seresnet50")
    with pytest.raises(ValueError, match="name='§' is no checkpoint"):
        pretrained.load("§")


def test_an_installed_package_finds_what_it_ships(model, tmp_path, monkeypatch):
    package = tmp_path / "senet"
    pretrained.save(model, "inside", package / "data", **describe())
    (package / "data" / "inside.profiles.json").write_text("{}")
    (package / "data" / "lonely.json").write_text("{}")
    monkeypatch.setattr(pretrained, "__file__", str(package / "pretrained" / "__init__.py"))
    assert pretrained.names()[0] == "inside"
    assert "inside.profiles" not in pretrained.names()
    assert "lonely" not in pretrained.names()
    assert pretrained.get("inside").file == package / "data" / "inside.safetensors"


# --- fetched -------------------------------------------------------------------------------------------------------------------


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
    with pytest.raises(
        CheckpointError, match=r"could not be fetched \(.*refused.*\): look after the network, or put the file into"
    ):
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


# --- converted -----------------------------------------------------------------------------------------------------------------


def moskomule(depth: int, classes: int) -> tuple[dict[str, Tensor], Callable[[Tensor], Tensor]]:
    """A state dict under moskomule/senet.pytorch's names, and its network written out over those names, with no module of ours."""
    bottleneck, layers = {18: (False, (2, 2, 2, 2)), 50: (True, (3, 4, 6, 3))}[depth]
    name = "resnet50" if bottleneck else "resnet18"
    torch.manual_seed(0)
    w = dict(scramble(getattr(torchvision.models, name)(num_classes=classes)).double().state_dict())
    for stage, blocks in enumerate(layers):
        c = 64 * 2**stage * (4 if bottleneck else 1)
        for i in range(blocks):
            w[f"layer{stage + 1}.{i}.se.fc.0.weight"] = torch.randn(c // 16, c, dtype=torch.float64) / c**0.5
            w[f"layer{stage + 1}.{i}.se.fc.2.weight"] = torch.randn(c, c // 16, dtype=torch.float64) / (c // 16) ** 0.5

    def norm(x: Tensor, key: str) -> Tensor:
        w_ = [w[f"{key}.{part}"].to(x) for part in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(x, *w_)

    def conv(x: Tensor, key: str, stride: int = 1) -> Tensor:
        weight = w[f"{key}.weight"].to(x)
        return F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)

    def run(x: Tensor) -> Tensor:
        x = F.max_pool2d(norm(conv(x, "conv1", 2), "bn1").relu(), 3, 2, 1)
        for stage, blocks in enumerate(layers):
            for i in range(blocks):
                at, stride = f"layer{stage + 1}.{i}", 2 if stage and not i else 1
                if bottleneck:
                    h = norm(conv(x, f"{at}.conv1"), f"{at}.bn1").relu()
                    h = norm(conv(h, f"{at}.conv2", stride), f"{at}.bn2").relu()
                    h = norm(conv(h, f"{at}.conv3"), f"{at}.bn3")
                else:
                    h = norm(conv(x, f"{at}.conv1", stride), f"{at}.bn1").relu()
                    h = norm(conv(h, f"{at}.conv2"), f"{at}.bn2")
                y = F.linear(h.mean((2, 3)), w[f"{at}.se.fc.0.weight"].to(x)).relu()
                h = h * F.linear(y, w[f"{at}.se.fc.2.weight"].to(x)).sigmoid()[:, :, None, None]
                if f"{at}.downsample.0.weight" in w:
                    x = norm(conv(x, f"{at}.downsample.0", stride), f"{at}.downsample.1")
                x = (h + x).relu()
        return F.linear(x.mean((2, 3)), w["fc.weight"].to(x), w["fc.bias"].to(x))

    return w, run


def from_timm(name: str) -> tuple[dict[str, Tensor], Callable[[Tensor], Tensor]]:
    torch.manual_seed(0)
    theirs = scramble(timm.create_model(name, num_classes=9)).double()

    def run(x: Tensor) -> Tensor:
        return theirs.to(x.dtype)(x)

    return {key: value.clone() for key, value in theirs.state_dict().items()}, run


# source, what makes its state dict and its answers, what it is here
CONVERSIONS = {
    "timm seresnet18": (
        "timm",
        lambda: from_timm("seresnet18"),
        lambda: resnet.se_resnet18(num_classes=9, bias=True, min_hidden=8),
    ),
    "timm seresnet50": ("timm", lambda: from_timm("seresnet50"), lambda: resnet.se_resnet50(num_classes=9, bias=True)),
    "timm seresnet101": ("timm", lambda: from_timm("seresnet101"), lambda: resnet.se_resnet101(num_classes=9, bias=True)),
    "timm seresnext50_32x4d": (
        "timm",
        lambda: from_timm("seresnext50_32x4d"),
        lambda: resnet.se_resnext50_32x4d(num_classes=9, bias=True),
    ),
    "timm legacy_seresnet50": ("legacy", lambda: from_timm("legacy_seresnet50"), lambda: legacy.legacy_se_resnet50(num_classes=9)),
    "timm legacy_seresnet101": (
        "legacy",
        lambda: from_timm("legacy_seresnet101"),
        lambda: legacy.legacy_se_resnet101(num_classes=9),
    ),
    "moskomule se_resnet18": ("moskomule", lambda: moskomule(18, 9), lambda: resnet.se_resnet18(num_classes=9)),
    "moskomule se_resnet50": ("moskomule", lambda: moskomule(50, 9), lambda: resnet.se_resnet50(num_classes=9)),
}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_converted_weights_give_the_same_answers(name):
    source, theirs, ours = CONVERSIONS[name]
    state_dict, run = theirs()
    with torch.device("meta"):  # all of it comes from the file
        model = ours().eval()
    model.load_state_dict(convert(state_dict, source), assign=True)
    generator = torch.Generator().manual_seed(0)
    # Last maps of 2, 3 and 4 pixels a side; 97 is odd wherever a convolution or a pool strides.
    pictures = [torch.randn(1, 3, size, size, dtype=torch.float64, generator=generator) for size in (64, 96, 97)]
    with torch.no_grad():
        for x in pictures:
            expected = run(x)
            assert expected.std() > 0.01
            torch.testing.assert_close(model(x), expected, rtol=0, atol=1e-10)
        model.float()
        for x in pictures:
            torch.testing.assert_close(model(x.float()).softmax(1), run(x.float()).softmax(1), rtol=0, atol=1e-5)


def test_every_depth_is_recognised():
    """By names and shapes alone."""
    for depth in (18, 34, 50, 101, 152):
        with torch.device("meta"):
            state_dict = timm.create_model(f"seresnet{depth}").state_dict()
        assert convert(state_dict, "timm", f"se_resnet{depth}")["fc.weight"].shape[0] == 1000
    with torch.device("meta"):
        state_dict = timm.create_model("legacy_seresnet152").state_dict()
    assert "maxpool.caffe" in convert(state_dict, "legacy", "legacy_se_resnet152")


@pytest.fixture(scope="module")
def states() -> dict[str, dict[str, Tensor]]:
    names = ("seresnet50", "legacy_seresnet50", "legacy_seresnet18", "resnet50", "seresnext50_32x4d", "legacy_seresnext50_32x4d")
    with torch.device("meta"):
        return {name: timm.create_model(name).state_dict() for name in names} | {"moskomule": moskomule_names()}


def moskomule_names() -> dict[str, Tensor]:
    ours = resnet.se_resnet50().state_dict()
    return {key.replace("se.fc1", "se.fc.0").replace("se.fc2", "se.fc.2"): tensor for key, tensor in ours.items()}


@pytest.mark.parametrize(
    ("name", "source", "architecture", "says"),
    [
        ("legacy_seresnet50", "timm", None, r"fits no network of source 'timm' .*conv1\.weight is missing"),
        ("moskomule", "timm", None, r"layer1\.0\.se\.fc1\.weight is missing"),
        ("resnet50", "timm", None, r"layer1\.0\.se\.fc1\.weight is missing"),
        ("legacy_seresnext50_32x4d", "timm", None, "fits no network"),
        # The same shapes and another arithmetic: only its names tell.
        ("seresnet50", "legacy", None, r"no key matches '\^layer0"),
        ("legacy_seresnext50_32x4d", "legacy", None, r"layer1\.0\.conv1\.weight is \(128, 64, 1, 1\), not \(64, 64, 1, 1\)"),
        ("legacy_seresnet18", "legacy", None, r"Against legacy_se_resnet50: layer1\.0\.conv3\.weight is missing"),
        ("seresnet50", "moskomule", None, r"no key matches .*fc.*0"),
        ("legacy_seresnet50", "moskomule", None, r"no key matches"),
        ("seresnet50", "timm", "se_resnet101", r"Against se_resnet101: layer3\.6\.conv1\.weight is missing"),
        ("seresnext50_32x4d", "timm", "se_resnet50", r"conv1\.weight is \(128, 64, 1, 1\), not \(64, 64, 1, 1\)"),
        (
            "seresnet50",
            "timm",
            "legacy_se_resnet50",
            "architecture='legacy_se_resnet50' is none of 'timm': choose one of se_resnet18",
        ),
        ("seresnet50", "keras", None, "source='keras' is unknown: choose one of 'timm', 'legacy', 'moskomule', 'SE_Block'"),
    ],
)
def test_what_does_not_fit_is_refused(name, source, architecture, says, states):
    with pytest.raises(ValueError, match=says):
        convert(states[name], source, architecture)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: state.pop("layer4.2.bn3.running_var"), r"layer4\.2\.bn3\.running_var is missing"),
        (lambda state: state.update({"extra.weight": torch.ones(1)}), r"extra\.weight is unknown"),
        (
            lambda state: state.update({"conv1.weight": torch.ones(64, 4, 7, 7)}),
            r"conv1\.weight is \(64, 4, 7, 7\), not \(64, 3, 7, 7\)",
        ),
        (lambda state: state.update({"layer1.0.se.fc1.weight": torch.ones(16, 256)}), r"\(16, 256\), but 'timm' has 4 dimensions"),
        (
            lambda state: state.update({"layer1.0.se.fc1.weight": torch.ones(16, 256, 3, 3)}),
            r"is \(16, 256, 3, 3\), not \(16, 256\)",
        ),
        (lambda state: state.update({"layer1.0.se.fc1.weight": torch.ones(8, 256, 1, 1)}), r"is \(8, 256\), not \(16, 256\)"),
        (lambda state: state.clear(), "fits no network"),
    ],
)
def test_a_changed_state_dict_is_refused(change, says, states):
    state = dict(states["seresnet50"])
    change(state)
    with pytest.raises(ValueError, match=says):
        convert(state, "timm")


def test_two_names_for_one_tensor_are_refused(states):
    state = dict(states["legacy_seresnet50"])
    state["conv1.weight"] = state["layer0.conv1.weight"]
    with pytest.raises(ValueError, match=r"two keys become 'conv1\.weight'"):
        convert(state, "legacy")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": {f"module.{key}": value for key, value in state.items()}},
        lambda state: {f"_orig_mod.module.{key}": value for key, value in state.items()},
        lambda state: {"model_state_dict": {f"model.{key}": value for key, value in state.items()}},
        lambda state: {"n_averaged": torch.tensor(3)} | {f"module.{key}": value for key, value in state.items()},
    ],
)
def test_the_usual_wrappings_come_off(wrap, states):
    converted = convert(wrap(states["seresnet50"]), "timm")
    assert converted.keys() == convert(states["seresnet50"], "timm").keys()
    assert (converted.architecture, converted.arguments) == (
        "se_resnet50",
        {"bias": True, "min_hidden": 8, "num_classes": 1000},
    )
    assert converted.difference is None  # nothing to run


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ([1, 2], "weights is a list, and no state dict is in it"),
        ("seresnet50.pth", "weights is a str"),
        ({"net": 1}, "weights is a dict with 'net', and no state dict is in it: pass model.state_dict"),
        ({"state_dict": 3}, "no state dict is in it"),
    ],
)
def test_what_is_no_state_dict_is_refused(weights, says):
    with pytest.raises(ValueError, match=says):
        convert(weights, "timm")


def test_a_network_is_run_beside_ours():
    torch.manual_seed(0)
    theirs = timm.create_model("seresnet18", num_classes=3, zero_init_last=False)
    converted = convert(theirs, "timm")
    assert converted.difference < 1e-12
    assert converted.architecture == "se_resnet18"
    theirs.layer3[0].se.gate = nn.Tanh()  # the same weights, another arithmetic
    with pytest.raises(ValueError, match="ResNet has the weights of 'timm', but computes something else: the answers differ by"):
        convert(theirs, "timm")


class TutorialBlock(nn.Module):
    """As the well-known blog post has it."""

    def __init__(self, c: int, r: int = 16, bias: bool = False) -> None:
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(c, c // r, bias), nn.ReLU(inplace=True), nn.Linear(c // r, c, bias), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.fc(x.mean((2, 3)))[:, :, None, None]


@pytest.mark.parametrize(("c", "r", "bias"), [(16, 16, False), (64, 16, False), (20, 6, True), (256, 4, False)])
def test_the_block_of_tutorials_converts(c, r, bias):
    torch.manual_seed(0)
    theirs = TutorialBlock(c, r, bias)
    converted = convert(theirs, "SE_Block")
    assert converted.architecture == "SEBlock"
    assert converted.difference < 1e-12
    ours, x = SEBlock(**converted.arguments), torch.randn(2, c, 5, 6)
    ours.load_state_dict(converted)
    torch.testing.assert_close(ours(x), theirs(x))
    assert ours.fc1.out_features == c // r
    assert ours.reduction == r or c // ours.reduction == c // r


@pytest.mark.parametrize("layers", ["fc", "excitation"])
def test_a_resnet_of_tutorial_blocks_converts(layers):
    state = resnet.se_resnet18(num_classes=3, reduction=8, min_hidden=1).state_dict()
    theirs = {key.replace("se.fc1", f"se.{layers}.0").replace("se.fc2", f"se.{layers}.2"): value for key, value in state.items()}
    converted = convert(theirs, "SE_Block")
    assert converted.arguments == {"min_hidden": 1, "num_classes": 3, "reduction": 8, "bias": False}
    assert all(torch.equal(converted[key], value) for key, value in state.items())


def test_files_older_than_batch_norms_counter_are_taken(states):
    state = {key: torch.ones(value.shape) for key, value in states["legacy_seresnet50"].items() if "num_batches" not in key}
    converted = convert(state, "legacy")
    assert converted["bn1.num_batches_tracked"].item() == 0
    legacy.legacy_se_resnet50().load_state_dict(converted)


def test_the_two_kinds_of_network_refuse_each_others_weights(states):
    """Their tensors have the same shapes; without the mark they would load, and answer wrongly."""
    with torch.device("meta"):
        ours, caffe = resnet.se_resnet50(bias=True), legacy.legacy_se_resnet50()
    with pytest.raises(RuntimeError, match=r"Unexpected key.*maxpool\.caffe"):
        ours.load_state_dict(convert(states["legacy_seresnet50"], "legacy"), assign=True)
    with pytest.raises(RuntimeError, match=r"Missing key.*maxpool\.caffe"):
        caffe.load_state_dict(convert(states["seresnet50"], "timm"), assign=True)


def test_legacy_needs_bottlenecks_scripts_and_keeps_its_mark_in_a_file():
    with pytest.raises(ValueError, match="SEBasicBlock has no first 1x1 convolution"):
        legacy.as_legacy(resnet.se_resnet18())
    torch.manual_seed(0)
    net = scramble(legacy.as_legacy(resnet.se_resnet(resnet.SEBottleneck, [1, 1, 1, 1], num_classes=3)))
    x = torch.randn(1, 3, 65, 50)
    torch.testing.assert_close(torch.jit.script(net)(x), net(x))
    torch.testing.assert_close(torch.fx.symbolic_trace(net)(x), net(x))
    assert safetensors.torch.load(safetensors.torch.save(net.state_dict()))["maxpool.caffe"].numel() == 0


# --- preprocessing -------------------------------------------------------------------------------------------------------------


def test_a_picture_of_the_right_size_is_only_scaled():
    pictures = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    mean, std = np.array(PREPROCESSING.mean), np.array(PREPROCESSING.std)
    expected = (pictures.numpy() / 255 - mean[:, None, None]) / std[:, None, None]
    out = PREPROCESSING(pictures)
    assert out.dtype == torch.float32
    np.testing.assert_allclose(out.numpy(), expected, rtol=0, atol=1e-5)
    picture = Image.fromarray(pictures[0].permute(1, 2, 0).numpy())
    assert torch.equal(PREPROCESSING(picture), out[:1])
    assert torch.equal(PREPROCESSING(picture.convert("RGBA")), out[:1])


@pytest.mark.parametrize("name", sorted(pretrained.ELSEWHERE))
def test_photographs_are_prepared_as_timm_does(name):
    """To the rounding of a resize: timm resizes with Pillow, which keeps eight bits between its two passes."""
    how = pretrained.get(name).preprocessing
    generator = np.random.default_rng(0)
    low = Image.fromarray(generator.integers(0, 256, (9, 13, 3), dtype=np.uint8))
    for size in ((500, 375), (300, 480)):
        picture = low.resize(size, Image.Resampling.BICUBIC)
        theirs = timm.data.create_transform(
            (3, how.size, how.size), crop_pct=how.crop, interpolation=how.interpolation, mean=how.mean, std=how.std
        )
        difference = (how(picture)[0] - theirs(picture)).abs() * torch.tensor(how.std).view(3, 1, 1) * 255
        assert difference.max() < 2.5  # of 255


@pytest.mark.parametrize("size", [(1, 1), (7, 100), (100, 7), (31, 33)])
def test_any_size_becomes_the_networks(size):
    assert PREPROCESSING(torch.full((2, 3, *size), 128, dtype=torch.uint8)).shape == (2, 3, 32, 32)
    flat = PREPROCESSING(torch.full((1, 3, *size), 128, dtype=torch.uint8))
    torch.testing.assert_close(flat, PREPROCESSING(torch.full((1, 3, 32, 32), 128, dtype=torch.uint8)))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"size": 0}, "size=0"),
        ({"crop": 0}, "crop=0 has to be above 0 and at most 1"),
        ({"crop": 1.1}, "crop=1.1"),
        ({"mean": (0.5,)}, "mean=(0.5,) has to be three numbers"),
        ({"std": (1, 0, 1)}, "std=(1, 0, 1) has to be three numbers, for R, G and B, above 0"),
        ({"interpolation": "cubic"}, "interpolation='cubic' is unknown: choose one of 'nearest', 'bilinear', 'bicubic'"),
    ],
)
def test_refuses_to_prepare(arguments, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        Preprocessing(**({"size": 32, "mean": (0.5, 0.5, 0.5), "std": (1, 1, 1)} | arguments))


@pytest.mark.parametrize(
    "pictures",
    [torch.rand(1, 3, 32, 32), torch.zeros(3, 32, 32, dtype=torch.uint8), torch.zeros(1, 1, 32, 32, dtype=torch.uint8), "cat.jpg"],
)
def test_refuses_what_is_no_picture(pictures):
    with pytest.raises(ValueError, match=r"have to be uint8 \(N, 3, H, W\), with values 0 to 255, or one PIL picture"):
        PREPROCESSING(pictures)
