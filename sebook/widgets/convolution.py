""" "Convolution": a 3x3 kernel over an RGB picture, step by step: one map per input channel, and their sum."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor, nn

from senet import pretrained
from senet.images import Pictures, from_pil, patchwork, photographs

from ..pages import exhibits, page_svg
from .embedded import PictureWidget, described, pixels
from .fields import One, Text, ViewError, Whole
from .given import open_pictures
from .sets import Set, quoted

SIZE = 24  # pixels a side: few enough to be told apart on a phone, enough for a cup to be one
MOST = 9.0  # a weight's bound: what a reader types stays readable
CHANNELS = ("red", "green", "blue")
PHOTOGRAPHS = ("a cup of coffee", "Eileen Collins, astronaut", "Falcon 9 at take-off", "photographer on a lawn")
PATCHES = ("odd-pair-1", "stripes-1")

_EDGE = torch.tensor([[-1.0, 0, 1]] * 3)
_BOX = torch.ones(3, 3)
_DOT = torch.zeros(3, 3)
_DOT[1, 1] = 1


def _per_channel(plane: Tensor, *shares: float) -> Tensor:
    """One pattern for all channels, each with its own share: (3, 3, 3)."""
    return torch.stack([share * plane for share in shares])


# id: title, kernel (3, 3, 3) by channel, row and column.
PRESETS: Mapping[str, tuple[str, Tensor]] = {
    "edge": ("upright edges", _per_channel(_EDGE, 1, 1, 1)),
    "blur": ("blur", _per_channel(_BOX, 1, 1, 1) / 27),
    "red-green": ("red against green", _per_channel(_BOX, 0.1, -0.1, 0)),
    "colour-edge": ("edges between red and green", _per_channel(_EDGE, 1, -1, 0)),
    "copy-red": ("copy the red channel", _per_channel(_DOT, 1, 0, 0)),
}


class Convolution(PictureWidget):
    """Move a window over a picture and see each number of a convolution made.

    >>> Convolution(kernel="red-green", picture="photographer-on-a-lawn")
    >>> Convolution(my_pictures, kernel=torch.randn(3, 3, 3))

    The convolution is ``torch.nn.functional.conv2d`` without padding, of pixels from 0 to 1; ``maps()`` gives it in torch. In a
    notebook, traits work both ways.

    Attributes:
        picture: the id of one of the pictures.
        kernel: a preset's name (``PRESETS``, or ``"stem-0"`` and on: the filters of a trained network's first convolution), or its
            numbers as ``"0,1,...;0"``: 27 by channel, row and column, then after a semicolon the constant that is added.
        row: of the window's upper left pixel, from 0.
        column: of the same pixel, from 0.
        shown: ``"all"`` of the maps, or ``"sofar"``, what the window has computed on its way to its place, row by row.

    Args:
        pictures: :class:`~senet.images.Pictures`, or Pillow pictures, scaled to ``SIZE``; by default photographs and patches.
        kernel: also a tensor (3, 3, 3) or (1, 3, 3, 3), nested lists, or a ``Conv2d`` with three channels in, of which the first
            filter is taken.
        network: whose first convolution is among the kernels: a name of :mod:`senet.pretrained`.

    Raises:
        ValueError: another shape or an unknown name; a trait out of its bounds is a ``ViewError``, also later on.
    """

    kernel = Text("kernel", lambda widget, text, _: widget._check(text), "edge", of=[Set("kernels")], most=MOST)
    row = Whole(9, below=Set("places"), unlike="leaves the picture")
    column = Whole(9, below=Set("places"), unlike="leaves the picture")
    shown = One(("all", "sofar"))

    def __init__(
        self,
        pictures: Pictures | Iterable[Any] | None = None,
        *,
        kernel: Any = None,
        network: str = "se_resnet_patchwork",
        **choices: Any,
    ) -> None:
        self._images, listed = _pictures(pictures)
        self._kernels = {id: (title, weights, 0.0) for id, (title, weights) in PRESETS.items()} | stem(network)
        data = {
            "size": self._images.shape[-1],
            "pictures": listed,
            "pixels": [pixels(image) for image in self._images],
            "kernels": [
                {"id": id, "title": title, "weights": weights.flatten().tolist(), "constant": constant}
                for id, (title, weights, constant) in self._kernels.items()
            ],
            "network": pretrained.get(network).title,
        }
        super().__init__("convolution", data, {"places": data["size"] - 2})
        kernel = kernel if kernel is None or isinstance(kernel, str) else written(kernel)
        self.choose(kernel=kernel, **choices)

    def _check(self, kernel: str) -> None:
        if kernel not in self._kernels:
            try:
                parsed(kernel)
            except ValueError as error:
                raise ViewError(f"{error}; or choose one of {quoted(list(self._kernels))}") from None

    def weights(self) -> tuple[Tensor, float]:
        """The kernel (3, 3, 3), and the constant that is added to each sum."""
        known = self._kernels.get(self.kernel)
        return known[1:] if known else parsed(self.kernel)

    def maps(self) -> tuple[Tensor, Tensor]:
        """What each input channel gives, (3, H - 2, W - 2), and the output channel, (H - 2, W - 2)."""
        kernel, constant = self.weights()
        x = self._images[self._index][None].float() / 255
        apart = F.conv2d(x, kernel[:, None], groups=3)[0]
        return apart, F.conv2d(x, kernel[None], torch.tensor([constant]))[0, 0]

    def figure(self) -> tuple[str, str]:
        image = self._images[self._index]
        apart, total = self.maps()
        far = max(float(apart.abs().max()), float(total.abs().max())) or 1.0
        figure = Figure(figsize=(7.2, 2.9), layout="constrained")
        axes = figure.subplots(2, 5, width_ratios=(1.6, 1, 1, 1, 1.6))
        grid = axes[0, 0].get_gridspec()
        for place in (axes[0, 0], axes[1, 0], axes[0, 4], axes[1, 4]):
            place.remove()
        first, last = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[:, 4])
        shown = [(first, "picture", image.permute(1, 2, 0).numpy(), {}), (last, "sum", total.numpy(), {"cmap": "PuOr"})]
        for c, name in enumerate(CHANNELS):
            shown.append((axes[0, c + 1], name, image[c].numpy(), {"cmap": "gray", "vmin": 0, "vmax": 255}))
            shown.append((axes[1, c + 1], f"its map{'' if c == 2 else ' +'}", apart[c].numpy(), {"cmap": "PuOr"}))
        for place, title, values, options in shown:
            bounds = {} if values.ndim == 3 or "vmin" in options else {"vmin": -far, "vmax": far}
            place.imshow(values, **options, **bounds)
            place.set_title(title, fontsize=9, color=page_svg.INK)
            place.set_axis_off()
        title = self._data["pictures"][self._index]["title"]
        kernel = self._kernels[self.kernel][0] if self.kernel in self._kernels else "a kernel of one's own"
        at = [f"{name} {float(apart[c, self.row, self.column]):.3f}" for c, name in enumerate(CHANNELS)]
        caption = (
            f"{title}, kernel: {kernel}. With the window at row {self.row}, column {self.column}: {', '.join(at)}; "
            f"their sum {float(total[self.row, self.column]):.3f}."
        )
        return page_svg.to_svg(figure, caption), caption


def stem(network: str) -> dict[str, tuple[str, Tensor, float]]:
    """Each filter of a network's first convolution, as one of pixels from 0 to 1: id to title, kernel (3, 3, 3) and constant.

    A network takes (x - mean) / std. A convolution of that is one of x with weights / std, and a constant besides.

    Raises:
        ValueError: its first convolution is not 3x3 with stride 1 from three channels, or the name is unknown.
    """
    checkpoint = pretrained.get(network)
    first = next(m for m in pretrained.load(checkpoint, progress=False).modules() if isinstance(m, nn.Conv2d))
    if first.weight.shape[1:] != (3, 3, 3) or first.stride != (1, 1):
        raise ValueError(f"network={network!r} begins with {first}: choose one that begins with 3x3 and stride 1")
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (checkpoint.preprocessing.mean, checkpoint.preprocessing.std))
    weights = first.weight.detach() / std
    constants = -(weights * mean).sum((1, 2, 3)) + (0 if first.bias is None else first.bias.detach())
    return {f"stem-{k}": (f"filter {k}", weights[k], float(constants[k])) for k in range(len(weights))}


def written(kernel: Any) -> str:
    """A kernel as the trait and an address hold it, its numbers rounded to thousandths."""
    constant = 0.0
    if isinstance(kernel, nn.Conv2d):
        constant = 0.0 if kernel.bias is None else float(kernel.bias.detach()[0])
        kernel = kernel.weight.detach()[0]
    values = torch.as_tensor(kernel, dtype=torch.float64).detach().cpu()
    if values.shape not in ((3, 3, 3), (1, 3, 3, 3)):
        raise ValueError(f"kernel has shape {tuple(values.shape)}: it has to be (3, 3, 3), by channel, row and column")
    text = ",".join(f"{value:.3f}".rstrip("0").rstrip(".") for value in values.flatten().tolist())
    return f"{text};{constant:.3f}".replace("-0,", "0,").replace("-0;", "0;")


def parsed(text: str) -> tuple[Tensor, float]:
    """What :func:`written` wrote: the kernel (3, 3, 3) and the constant.

    Raises:
        ValueError: other than 27 numbers and one, or one that is not finite or beyond ``MOST`` (``10 * MOST`` for the constant).
    """
    try:
        numbers, _, constant = text.partition(";")
        values, added = [float(number) for number in numbers.split(",")], float(constant or 0)
    except ValueError:
        raise ValueError(f"kernel={text[:60]!r} has to be 27 numbers with commas between them, and ';0' for the constant") from None
    if len(values) != 27:
        raise ValueError(f"kernel has {len(values)} numbers: it takes 27, by channel, row and column")
    if not all(math.isfinite(v) and abs(v) <= MOST for v in values) or not abs(added) <= 10 * MOST:
        raise ValueError(f"kernel={text[:60]!r} has a weight beyond {MOST:g}, or a constant beyond {10 * MOST:g}")
    return torch.tensor(values).view(3, 3, 3), added


def _pictures(given: Pictures | Iterable[Any] | None) -> tuple[Tensor, list[dict[str, str]]]:
    """uint8 (N, 3, SIZE, SIZE), and what is shown of each."""
    if given is None:
        found = photographs(SIZE)
        chosen = found[[found.titles.index(title) for title in PHOTOGRAPHS]]
        ids, titles = [exhibits.slug(title) for title in chosen.titles], list(chosen.titles)
        alts = [f"Photograph: {title}" for title in titles]
        patches = exhibits.exhibits(patchwork.CLASSES, patchwork.SIZE)
        where = [patches.ids.index(id) for id in PATCHES]
        made = from_pil((Image.fromarray(patches.pictures.images[i].permute(1, 2, 0).numpy()) for i in where), SIZE)
        images = torch.cat([chosen.images, made.images])
        ids += PATCHES
        titles += [patches.pictures.titles[i] for i in where]
        alts += [patches.alts[i] for i in where]
    else:
        if isinstance(given, Pictures):
            titles = list(given.titles)
            given = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in given.images]
        else:
            titles = []
        images = from_pil(open_pictures(given), SIZE).images
        titles = titles or [f"picture {i + 1}" for i in range(len(images))]
        ids, alts = [f"{i}-{exhibits.slug(title)}" for i, title in enumerate(titles)], titles
    return images, [described(*each) for each in zip(ids, titles, alts, images, strict=True)]
