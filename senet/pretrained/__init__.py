"""Named checkpoints: those that ship with the package, and others' that are fetched when first asked for::

    model = pretrained.load("se_resnet20_cifar10")
    checkpoint = pretrained.get("se_resnet20_cifar10")  # what it is, where from
    logits = model(checkpoint.preprocessing(picture))

Ours are safetensors, each with a JSON beside it that says how it was made. Others' are PyTorch files, read by a loader that takes
tensors and refuses everything else. Either way the bytes are hashed before they are read.
"""

import difflib
import hashlib
import io
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn
from torchvision.models import ResNet50_Weights

from ..arguments import one_of
from ..images.picture import Preprocessing
from ..models import cifar, inception, legacy, resnet
from .convert import convert
from .download import CheckpointError, check, fetch, file_name, notes, write

__all__ = ["ARCHITECTURES", "Checkpoint", "CheckpointError", "Preprocessing", "convert", "get", "load", "names", "read", "save"]

# What a checkpoint may call its network. A name is a promise: weights outlive code.
ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    make.__name__: make
    for make in (
        *(resnet.se_resnet18, resnet.se_resnet34, resnet.se_resnet50, resnet.se_resnet101, resnet.se_resnet152),
        *(resnet.se_resnext50_32x4d, legacy.legacy_se_resnet50, legacy.legacy_se_resnet101, legacy.legacy_se_resnet152),
        *(cifar.small_resnet, cifar.resnet20, cifar.resnet32, cifar.resnet56, cifar.resnet110),
        *(cifar.se_resnet20, cifar.se_resnet32, cifar.se_resnet56, cifar.se_resnet110),
        inception.se_inception_v3,
    )
}


@dataclass(frozen=True)
class Checkpoint:
    """Trained weights, and all that is needed to use them well. Fits the ``weights=`` of every constructor here.

    Attributes:
        name: what :func:`get` and :func:`load` know it by.
        title: one line for people.
        architecture: the network's constructor, a key of ``ARCHITECTURES``.
        arguments: the constructor's keywords, without ``num_classes``.
        classes: what each logit stands for.
        preprocessing: see :class:`Preprocessing`.
        licence: of the weights.
        provenance: where the weights are from: data, training, accuracy, date.
        sha256: of the file, as hex; for others' files its first eight digits or more, as their names have them.
        file: the path of the weights on this machine; None if they have a ``url``.
        url: where the weights are fetched from when first wanted; None if they have a ``file``.
        source: what :func:`convert` calls the library whose names the weights have; None for names of ours.
    """

    name: str
    title: str
    architecture: str
    arguments: Mapping[str, Any]
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    licence: str
    provenance: Mapping[str, Any]
    sha256: str
    file: Path | None = None
    url: str | None = None
    source: str | None = None

    @property
    def meta(self) -> dict[str, Any]:
        """The classes as ``"categories"``, torchvision's name for them, so that code written for its weights works."""
        return {"categories": list(self.classes)}

    def get_state_dict(self, progress: bool = True) -> dict[str, Tensor]:
        """Read the weights, fetching them first if need be: float32, in the names of ``architecture``.

        Raises:
            CheckpointError: no network, no such file, a wrong hash, a truncated file, or more in it than tensors.
            ValueError: the weights fit no network of ``source``.
        """
        path = self.file if self.url is None else fetch(self.url, self.sha256, progress)
        state_dict = _tensors(path, self.sha256)
        if self.source is not None:
            state_dict = convert(state_dict, self.source, self.architecture)
        # Half precision is for the file alone.
        return {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in state_dict.items()}


def names() -> list[str]:
    """All that :func:`get` knows: shipped first, then those on the net."""
    return [*sorted(_shipped()), *ELSEWHERE]


def get(name: str) -> Checkpoint:
    """The checkpoint of that name, none of its tensors read yet.

    Raises:
        ValueError: there is none of that name; the message has the nearest ones.
    """
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    shipped = _shipped()
    if name not in shipped:
        near = difflib.get_close_matches(str(name), names(), n=3, cutoff=0.4) or names()
        raise ValueError(f"name={name!r} is not a checkpoint: choose one of {', '.join(map(repr, near))} (all: pretrained.names())")
    return read(shipped[name])


def find(name: str) -> Checkpoint:
    """:func:`read` for what ends in ``.json``, :func:`get` for any other name."""
    return read(name) if name.endswith(".json") else get(name)


def begin(model: nn.Module, name: str) -> Checkpoint:
    """Give ``model`` the weights of the checkpoint ``name`` (see :func:`find`) to go on learning from, and return the checkpoint.

    The last layer, ``fc``, stays as it is where the checkpoint knows another number of classes.

    Raises:
        ValueError: ``model`` is another network, or there is no such checkpoint. It keeps its weights.
    """
    checkpoint = find(name)
    own, theirs = model.state_dict(), load(checkpoint).state_dict()
    fits = {key for key, value in own.items() if key in theirs and theirs[key].shape == value.shape}
    if other := (own.keys() | theirs.keys()) - fits - {"fc.weight", "fc.bias"}:
        raise ValueError(
            f"start={name!r} is {checkpoint.title}, {checkpoint.architecture} with the arguments "
            f"{json.dumps(checkpoint.arguments)}, and differs from the network to be trained in {min(other)}: train the same one"
        )
    model.load_state_dict({key: theirs[key] if key in fits else value for key, value in own.items()})
    return checkpoint


def load(name: str | Checkpoint, progress: bool = True) -> nn.Module:
    """The trained network of that name (or checkpoint), in evaluation mode, float32, on the CPU."""
    checkpoint = name if isinstance(name, Checkpoint) else get(name)
    make = ARCHITECTURES[checkpoint.architecture]
    return make(weights=checkpoint, progress=progress, **checkpoint.arguments).eval()


def read(path: str | Path) -> Checkpoint:
    """The checkpoint that a JSON describes, as :func:`save` wrote it; the weights lie beside it.

    A ``.safetensors`` file that was trained in a page of the book describes itself.

    Raises:
        CheckpointError: no such file, or it describes no checkpoint.
    """
    path = Path(path)
    try:
        if path.suffix == ".safetensors":
            entry = notes(path)
        else:
            entry = json.loads(path.read_text(encoding="utf-8"))
        entry["preprocessing"] = Preprocessing(**entry["preprocessing"])
        entry["classes"] = tuple(entry["classes"])
        entry["file"] = path.parent / entry["file"]
        checkpoint = Checkpoint(**entry)
        one_of(ARCHITECTURES, architecture=checkpoint.architecture)
    except FileNotFoundError:
        raise CheckpointError(f"{path} does not exist: pass the .json that pretrained.save wrote") from None
    except (ValueError, TypeError, KeyError) as error:  # JSON's own error is a ValueError
        raise CheckpointError(f"{path} describes no checkpoint: {error}. Write it with pretrained.save") from error
    return checkpoint


def save(
    model: nn.Module,
    name: str,
    folder: str | Path,
    *,
    title: str,
    architecture: str,
    arguments: Mapping[str, Any],
    classes: Sequence[str],
    preprocessing: Preprocessing,
    licence: str,
    provenance: Mapping[str, Any],
    dtype: torch.dtype = torch.float32,
) -> Checkpoint:
    """Write ``folder/name.safetensors`` and ``folder/name.json``, so that :func:`read` and :func:`load` give ``model`` back.

    Args:
        model: made by ``ARCHITECTURES[architecture](num_classes=len(classes), **arguments)``, which is checked.
        name, title, architecture, arguments, classes, preprocessing, licence, provenance: see :class:`Checkpoint`. JSON has
            to be able to hold ``arguments`` and ``provenance``.
        dtype: of floating-point tensors in the file; ``torch.float16`` halves it. It is read back as float32.

    Raises:
        ValueError: the model is not what the arguments make, its values are not finite in ``dtype``, or ``name`` can't name a file.
    """
    one_of(ARCHITECTURES, architecture=architecture)
    if dtype not in (torch.float16, torch.float32):
        raise ValueError(f"dtype={dtype} is not for files: choose torch.float32 or torch.float16")
    file_name(name)
    tensors = {key: tensor.detach().cpu() for key, tensor in model.state_dict().items()}
    with torch.device("meta"):
        described = ARCHITECTURES[architecture](num_classes=len(classes), **arguments).state_dict()
    if {key: tensor.shape for key, tensor in tensors.items()} != {key: tensor.shape for key, tensor in described.items()}:
        called = f"{architecture}(num_classes={len(classes)}, **{dict(arguments)})"
        raise ValueError(f"model is not what {called} makes: describe it as it was made")
    for key, tensor in tensors.items():
        stored = tensor.to(dtype) if tensor.is_floating_point() else tensor
        if not stored.isfinite().all():
            raise ValueError(f"{key} is not finite in {dtype}" + (": save in torch.float32" if tensor.isfinite().all() else ""))
        tensors[key] = stored.contiguous()

    folder = Path(folder)
    data = safetensors.torch.save(tensors)
    checkpoint = Checkpoint(
        name=name,
        title=title,
        architecture=architecture,
        arguments=dict(arguments),
        classes=tuple(classes),
        preprocessing=preprocessing,
        licence=licence,
        provenance=dict(provenance),
        sha256=hashlib.sha256(data).hexdigest(),
        file=folder / f"{name}.safetensors",
    )
    entry = asdict(checkpoint) | {"file": checkpoint.file.name}
    entry = {key: value for key, value in entry.items() if key not in ("url", "source")}
    text = json.dumps(entry, indent=2, ensure_ascii=False)
    folder.mkdir(parents=True, exist_ok=True)
    write(checkpoint.file, data)
    write(folder / f"{name}.json", text.encode() + b"\n")
    return checkpoint


def _shipped() -> dict[str, Path]:
    """The JSON of each shipped checkpoint: in an installed package's ``senet/data``, or in the checkout's ``data``."""
    package = Path(__file__).parents[1]
    for folder in (package / "data", package.parent / "data"):
        paths = (path for path in folder.glob("*.json") if "." not in path.stem)  # x.profiles.json belongs to x
        if found := {path.stem: path for path in paths if path.with_suffix(".safetensors").exists()}:
            return found
    return {}


def _tensors(path: Path, sha256: str) -> dict[str, Tensor]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
    check(data, sha256, path, "it is truncated or another file; restore it, or delete it if it was downloaded")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load(data)
        # weights_only: a PyTorch file is a program for unpickling; this runs the part of it that makes tensors, and no other.
        tensors = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # a parser at the end of its wits raises anything
        why = str(error).partition("\n")[0] or type(error).__name__
        raise CheckpointError(f"{path} holds something other than tensors, and is not opened: {why}") from error
    if not isinstance(tensors, Mapping) or not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        raise CheckpointError(f"{path} holds no state dict (a name and a tensor each), but {type(tensors).__name__}")
    return dict(tensors)


_FROM = {
    "timm": "Ross Wightman, timm: trained from scratch",
    "legacy": "Remi Cadene, pretrained-models.pytorch: converted from the Caffe models of Hu et al.; served by timm",
}
_RGB = {"size": 224, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


def _imagenet(name: str, entry: Mapping[str, Any]) -> Checkpoint:
    """ImageNet-1k weights of others, for RGB: one entry of ``elsewhere.toml``."""
    source, url = entry["source"], entry["url"]
    return Checkpoint(
        name=name,
        title=f"{entry['title']}, ImageNet-1k",
        architecture=entry["architecture"],
        arguments={"bias": True},
        classes=tuple(ResNet50_Weights.IMAGENET1K_V1.meta["categories"]),
        preprocessing=Preprocessing(**_RGB | entry["preprocessing"]),
        licence="Apache-2.0 by timm's account; ImageNet's own terms ask for non-commercial research",
        provenance={"data": "ImageNet-1k", "from": _FROM[source], "url": url},
        sha256=url.rsplit("-", 1)[1].split(".")[0],
        url=url,
        source=source,
    )


ELSEWHERE: dict[str, Checkpoint] = {
    name: _imagenet(name, entry)
    for name, entry in tomllib.loads(Path(__file__).with_name("elsewhere.toml").read_text(encoding="utf-8")).items()
}
