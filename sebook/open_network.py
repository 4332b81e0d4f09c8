"""Any network with SE blocks that a reader can download, under one name: ours, timm's, torchvision's::

    network = elsewhere.opened("timm:seresnet50.a1_in1k")
    record(network.model, network.preprocessing(picture))

What a library downloads it keeps and checks in its own way; :mod:`senet.pretrained` fetches what it lists by itself.
Where there is no network, the error says so, and ``weights=False`` opens the same architecture with random weights: its shapes, its
blocks and the tools are the real ones, and its gates mean nothing.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from senet import pretrained
from senet.images.picture import INTERPOLATIONS, Preprocessing
from senet.inside.recording import se_blocks
from senet.pretrained import CheckpointError

LIBRARIES = ("timm", "torchvision")


@dataclass(frozen=True, eq=False)
class Opened:
    """A network, ready to be asked.

    Attributes:
        name: as it was asked for.
        model: in evaluation mode, on the CPU.
        preprocessing: from a picture to what the model takes.
        classes: what each logit stands for.
        trained: False where the weights are random.
    """

    name: str
    model: nn.Module
    preprocessing: Preprocessing
    classes: tuple[str, ...]
    trained: bool


def opened(name: str, *, weights: bool = True, seed: int = 0, progress: bool = True) -> Opened:
    """Open the network called ``name``, downloading its weights if they are not here yet.

    Args:
        name: ``"timm:seresnet50.a1_in1k"`` (any name of ``timm.list_models(pretrained=True)``), ``"torchvision:efficientnet_b0"``
            (any of ``torchvision.models.list_models()``), a name of :func:`senet.pretrained.names`, or the path of a ``.json``
            that ``python -m senet train`` wrote. ``timm/NAME``, as model cards on the Hub
            have it, is ``timm:NAME``.
        weights: False for random ones, drawn from ``seed``: nothing is downloaded.
        progress: show a bar while one of ours is fetched.

    Raises:
        CheckpointError: the weights are not available; the message says why, and what to do.
        ValueError: there is no network of that name, or it has no SE block.
        ImportError: timm is not installed.
    """
    library, colon, rest = _as_on_its_card(name).partition(":")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if colon and library == "timm":
            model, preprocessing, classes = _timm(rest, weights)
        elif colon and library == "torchvision":
            model, preprocessing, classes = _torchvision(rest, weights)
        elif colon and not name.endswith(".json"):
            raise ValueError(
                f"name={name!r}: {library!r} is not a known library: choose {' or '.join(LIBRARIES)}, as in timm:seresnet50"
            )
        else:
            checkpoint = pretrained.read(name) if name.endswith(".json") else pretrained.get(name)
            arguments = {"num_classes": len(checkpoint.classes), **checkpoint.arguments}
            model = (
                pretrained.load(checkpoint, progress) if weights else pretrained.ARCHITECTURES[checkpoint.architecture](**arguments)
            )
            preprocessing, classes = checkpoint.preprocessing, checkpoint.classes
    return Opened(name, model.eval(), preprocessing, tuple(classes), weights)


def _as_on_its_card(name: str) -> str:
    """``timm/NAME``, as on the Hugging Face Hub and perhaps after ``hf-hub:``, is ``timm:NAME``."""
    found = re.fullmatch(r"(?:timm:)?(?:hf[-_]hub:)?timm/([\w.-]+)", name)
    return f"timm:{found[1]}" if found else name


def _timm(name: str, weights: bool) -> tuple[nn.Module, Preprocessing, tuple[str, ...]]:
    try:
        import timm
    except ImportError:
        raise ImportError(f"timm:{name} needs timm: pip install timm") from None
    architecture = name.partition(".")[0]
    if not timm.is_model(architecture):
        near = ", ".join(timm.list_models("*seresnet*")[:8])
        raise ValueError(
            f"name='timm:{name}' is not a model of timm {timm.__version__}: choose one of timm.list_models(), such as {near}"
        )
    model = timm.create_model(architecture)
    _has_gates(model, timm.data.resolve_model_data_config(model)["input_size"][-1])
    if weights:
        model = _downloaded(f"timm:{name}", lambda: timm.create_model(name, pretrained=True))
    config = timm.data.resolve_model_data_config(model)
    how = config["interpolation"] if config["interpolation"] in INTERPOLATIONS else "bicubic"
    preprocessing = Preprocessing(config["input_size"][-1], config["mean"], config["std"], config["crop_pct"], how)
    return model, preprocessing, _imagenet(model.num_classes)


def _torchvision(name: str, weights: bool) -> tuple[nn.Module, Preprocessing, tuple[str, ...]]:
    from torchvision import models

    if name not in models.list_models(module=models):
        raise ValueError(
            f"name='torchvision:{name}' is not a classifier of torchvision: choose one of torchvision.models.list_models()"
        )
    best = models.get_model_weights(name)["DEFAULT"]
    model = models.get_model(name)
    _has_gates(model, best.transforms().crop_size[0])
    if weights:
        model = _downloaded(f"torchvision:{name}", lambda: models.get_model(name, weights=best))
    way = best.transforms()
    size, resized = way.crop_size[0], way.resize_size[0]
    preprocessing = Preprocessing(size, tuple(way.mean), tuple(way.std), min(1.0, size / resized), way.interpolation.value)
    return model, preprocessing, tuple(best.meta["categories"])


def _has_gates(model: nn.Module, side: int) -> None:
    """Raise ``ValueError`` if there are none, before anything is fetched. By name where that is enough: it takes no forward."""
    try:
        se_blocks(model)
    except ValueError:
        se_blocks(model, torch.rand(1, 3, side, side))


def _downloaded(name: str, make: Any) -> nn.Module:
    """What ``make`` gives. A library without a network raises whatever its own libraries raise; here it is one error, in words."""
    try:
        return make()
    except Exception as error:
        why = str(error).strip().partition("\n")[0] or type(error).__name__
        raise CheckpointError(
            f"the weights of {name} are not available ({why}): check the network, or ask for random ones, which mean nothing"
        ) from error


def _imagenet(classes: int) -> tuple[str, ...]:
    """ImageNet's names where there are a thousand logits, and numbers elsewhere: timm keeps no names with its networks."""
    known = pretrained.get("legacy_se_resnet50").classes
    return known if classes == len(known) else tuple(f"class {k}" for k in range(classes))


def folder_of(path: str) -> Path:
    """The folder of ``imagefolder:PATH`` or ``PATH``, which has a folder of pictures for each class.

    Raises:
        FileNotFoundError: there is none.
    """
    folder = Path(path.removeprefix("imagefolder:")).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder: give one that has a folder of pictures for each class")
    return folder
