"""The probe: one contract for all that compute a network, PyTorch in a kernel or ONNX Runtime in a browser.

    probe(pictures, gates=None) -> logits, and per SE block z, s, and if asked for U and the rescaled U

A file from :func:`export` holds everything that the contract needs: the preprocessing as part of the graph, and in its metadata
(under ``senet.probe``, as JSON) the classes, the blocks and where the weights come from. What is exported is the very module that
:class:`TorchProbe` runs. Shapes: N pictures, K classes, C channels of a block, H x W pixels.

==================  =======================  =========================================================================
input, output       shape, all float32       what
==================  =======================  =========================================================================
in ``picture``      (N, 3, size, size)       RGB from 0 to 255, so that a browser hands over what it reads from a canvas
in ``gates``        (N, sum of all C)        excitations to use, block after block; NaN leaves a channel's own
``logits``          (N, K)
``<block>/z``       (N, C)                   squeeze
``<block>/s``       (N, C)                   excitation, as used: an overridden gate shows the override
``<block>/u``       (N, C, H, W)             feature maps as they reach the block; not with ``maps=False``
``<block>/x``       (N, C, H, W)             the same, rescaled; not with ``maps=False``
==================  =======================  =========================================================================

A caller that runs the file asks for outputs by name, and pays for no others to be copied. The graph is the fused one: the
exporter folds batch norms as :func:`senet.fuse` does. (:func:`senet.fuse` also
moves a squeeze ahead of a widening 1x1 convolution, but only in bottlenecks.) tools/engine_bench.py measures what folding changes
in size and time.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from senet import pretrained
from senet.images import from_pil
from senet.images.picture import Preprocessing
from senet.inside.hooks import Tape, fitting
from senet.inside.recording import BlockRecord, Recording, record, se_blocks

from .. import extra

FORMAT = 1  # counted up when an older reader would misread a file
KEY = "senet.probe"  # of the metadata


class Probe:
    """What both engines share: call it with pictures, and perhaps with gates.

    Attributes:
        about: the metadata: ``name``, ``title``, ``classes``, ``preprocessing``, ``blocks`` (each with ``name``, ``depth``,
            ``channels``, in forward order), ``maps``, ``licence``, ``provenance``, ``sha256`` of the weights, ``versions``.
    """

    def __init__(self, about: Mapping[str, Any]) -> None:
        self.about = dict(about)
        self._channels = {block["name"]: block["channels"] for block in about["blocks"]}

    def __call__(
        self,
        pictures: Tensor | Image.Image,
        gates: Mapping[str, Tensor] | None = None,
        *,
        maps: bool = False,
    ) -> Recording:
        """Run the network: logits, z and s of every block, with ``maps`` also U, as :func:`senet.inside.recording.record` gives
        them.

        Args:
            pictures: (N, 3, size, size) with values 0 to 255, uint8 or floating point; or one Pillow picture of any size.
            gates: excitations to override, by block: (C,) or (N, C). NaN leaves a channel's own.
            maps: also the feature maps.

        Raises:
            ValueError: pictures or gates that do not fit; maps of a file that was written without.
        """
        if isinstance(pictures, Image.Image):
            pictures = from_pil([pictures.convert("RGB")], self.about["preprocessing"]["size"]).images
        size = self.about["preprocessing"]["size"]
        if not isinstance(pictures, Tensor) or pictures.ndim != 4 or pictures.shape[1:] != (3, size, size):
            got = tuple(pictures.shape) if isinstance(pictures, Tensor) else type(pictures).__name__
            raise ValueError(f"pictures={got} have to be a tensor (N, 3, {size}, {size}) with values 0 to 255, or a Pillow picture")
        if maps and not self.about["maps"]:
            raise ValueError("this file was written without feature maps: export it with maps=True")
        out = self._run(pictures.float(), self._row(gates or {}, len(pictures)), maps)
        blocks = {
            name: BlockRecord(name, depth, out[f"{name}/z"], out[f"{name}/s"], out.get(f"{name}/u"))
            for depth, name in enumerate(self._channels, start=1)
        }
        return Recording(out["logits"], blocks)

    def _row(self, gates: Mapping[str, Tensor], count: int) -> Tensor:
        """All gates side by side, (N, sum of all C), NaN where none was given."""
        points = {name: SimpleNamespace(channels=channels) for name, channels in self._channels.items()}
        gates = fitting(gates, points, count)
        own = float("nan")
        return torch.cat([gates.get(name, torch.tensor(own)).float().expand(count, c) for name, c in self._channels.items()], dim=1)

    def _run(self, pictures: Tensor, gates: Tensor, maps: bool) -> dict[str, Tensor]:
        """Outputs by name; each engine has its own."""
        raise NotImplementedError


class TorchProbe(Probe):
    """The probe of a network in this process.

    >>> probe = TorchProbe("se_resnet20_cifar10")
    >>> probe(pictures, {"layer3.2.se": torch.ones(64)}).logits

    Args:
        model: the name of a checkpoint, a checkpoint, or a network with SE blocks, which is copied and not changed.
        preprocessing: a checkpoint has its own; a network of yours needs the one it was trained with.
        classes: what each logit stands for. A checkpoint has its own; a network of yours needs them.
        title: one line for people.
        maps: whether the probe gives feature maps.

    Raises:
        ValueError: no SE blocks, an unknown name, or an argument that is missing or does not fit the network.
    """

    def __init__(
        self,
        model: str | pretrained.Checkpoint | nn.Module,
        *,
        preprocessing: Preprocessing | None = None,
        classes: Sequence[str] | None = None,
        title: str | None = None,
        maps: bool = True,
    ) -> None:
        checkpoint = None
        if not isinstance(model, nn.Module):
            checkpoint = pretrained.get(model) if isinstance(model, str) else model
            model = pretrained.load(checkpoint, progress=False)
            preprocessing, classes = preprocessing or checkpoint.preprocessing, classes or checkpoint.classes
        if preprocessing is None:
            raise ValueError("preprocessing is missing: pass the senet.pretrained.Preprocessing that the network was trained with")
        if classes is None:
            raise ValueError("classes is missing: name what each of the network's outputs stands for")
        model = copy.deepcopy(getattr(model, "_orig_mod", model)).cpu().float().eval().requires_grad_(False)
        size = preprocessing.size
        tried = record(model, preprocessing(torch.zeros(2, 3, size, size, dtype=torch.uint8)))
        if not isinstance(tried.logits, Tensor) or tried.logits.shape != (2, len(classes)):
            got = tuple(tried.logits.shape[1:]) if isinstance(tried.logits, Tensor) else type(tried.logits).__name__
            raise ValueError(f"classes has {len(classes)} names, and the network gives {got}: name each of its outputs")
        self.network = _Network(model, preprocessing, list(tried.blocks))
        super().__init__(
            {
                "format": FORMAT,
                "name": checkpoint.name if checkpoint else "",
                "title": title or (checkpoint.title if checkpoint else type(model).__name__),
                "classes": list(classes),
                "preprocessing": asdict(preprocessing),
                "blocks": [
                    {"name": block.name, "depth": block.depth, "channels": block.excitation.shape[1]}
                    for block in tried.blocks.values()
                ],
                "maps": maps,
                "licence": checkpoint.licence if checkpoint else "",
                "provenance": dict(checkpoint.provenance) if checkpoint else {},
                "sha256": checkpoint.sha256 if checkpoint else "",
                "versions": {"senet": _version(), "torch": torch.__version__},
            }
        )

    def _run(self, pictures: Tensor, gates: Tensor, maps: bool) -> dict[str, Tensor]:
        self.network.maps = maps
        with torch.no_grad():
            return dict(zip(self.network.outputs(), self.network(pictures, gates), strict=True))


class OnnxProbe(Probe):
    """The same probe from a file that :func:`export` wrote, run by onnxruntime on one CPU thread, as in the browser.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is not an ONNX model, or not one of a probe, or of a later format.
        ImportError: onnxruntime is not installed.
    """

    def __init__(self, path: str | Path) -> None:
        with extra.needed():
            import onnxruntime
        if not Path(path).is_file():
            raise FileNotFoundError(f"{path} does not exist: write it with `python -m senet export NAME --out {path}`")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # a damaged file raises one of a dozen private classes
            raise ValueError(
                f"{path} is not an ONNX model that onnxruntime can read ({str(error)[:200]}): write it again"
            ) from error
        about = json.loads(self.session.get_modelmeta().custom_metadata_map.get(KEY, "{}"))
        if about.get("format") != FORMAT:
            got = f"a probe of format {about['format']}" if "format" in about else "no probe"
            raise ValueError(f"{path} holds {got}, and format {FORMAT} is read here: write it with sebook.pages.export.export")
        super().__init__(about)

    def _run(self, pictures: Tensor, gates: Tensor, maps: bool) -> dict[str, Tensor]:
        names = output_names(self._channels, maps)
        arrays = self.session.run(names, {"picture": pictures.cpu().numpy(), "gates": gates.cpu().numpy()})
        return {name: torch.from_numpy(array) for name, array in zip(names, arrays, strict=True)}


def output_names(blocks: Sequence[str] | Mapping[str, Any], maps: bool) -> list[str]:
    """Of the graph's outputs, in their order: the logits, then block after block."""
    kinds = "zsux" if maps else "zs"
    return ["logits", *(f"{block}/{kind}" for block in blocks for kind in kinds)]


class _Network(nn.Module):
    """(picture, gates) -> the outputs in the order of :func:`output_names`. What is exported."""

    def __init__(self, model: nn.Module, preprocessing: Preprocessing, blocks: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.points = {name: se_blocks(model)[name] for name in blocks}
        self.maps = True
        for name in ("mean", "std"):
            self.register_buffer(name, torch.tensor(getattr(preprocessing, name)).view(3, 1, 1))

    def outputs(self) -> list[str]:
        return output_names(self.points, self.maps)

    def forward(self, picture: Tensor, gates: Tensor) -> tuple[Tensor, ...]:
        columns = gates.split([point.channels for point in self.points.values()], dim=1)
        tape = Tape(self.points, dict(zip(self.points, columns, strict=True)), self.maps, copy=True)
        logits = tape.run(self.model, (picture / 255 - self.mean) / self.std)
        out = [logits]
        for name in self.points:
            s = tape.excitation[name]
            out += [tape.squeeze[name], s]
            if self.maps:
                out += [tape.maps[name], tape.maps[name] * s[:, :, None, None]]
        return tuple(out)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("senet")
    except PackageNotFoundError:  # used from a folder, not installed
        return "source"
