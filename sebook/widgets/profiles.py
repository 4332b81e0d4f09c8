""" "Class by class": mean excitations of a few classes in one block, and how class-specific each depth is."""

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from senet import pretrained

from ..experiments import linear_probe, profiles
from ..experiments.profiles import Estimate, Profile, bootstrap
from ..pages import encoded, gallery, page_svg, plots
from .fields import One, Several, Whole
from .plot import PlotWidget
from .sets import Set, quoted

SHIPPED = ("se_resnet_patchwork", "se_resnet20_cifar10", "se_resnet18_slim_imagenet100")
FIRST = {  # classes at the start; the last network's are the paper's own choice as far as its classes have them
    "se_resnet_patchwork": ("disc", "checks", "night", "twins"),
    "se_resnet20_cifar10": ("airplane", "cat", "horse", "truck"),
    "se_resnet18_slim_imagenet100": ("goldfish", "cliff", "espresso", "banana"),
}
MOST = 6  # classes that can be told apart
ORDERS = ("index", "mean", "specificity")
MARKS = ("strips", "dots", "lines")
MEASURES = ("specificity", "probe", "closed", "open", "still")
SCALES = ("fitted", "full")


class Profiles(PlotWidget):
    """Choose a network, a block and a few classes: the paper's figure on excitation, with this book's networks or yours.

    >>> Profiles("se_resnet20_cifar10", classes=["cat", "dog"])
    >>> made = {"before": untrained, "after": trained}
    >>> Profiles(made, class_names=test.classes)  # made by profile()

    Above, the mean excitation of every channel, a strip per class; below, one number per block: the share of the gates' variance
    that lies between classes, how well a linear classifier reads the class from the gates, or how many of them stay closed, open
    or still, each with a 95 % interval. No network is run. Traits work both ways.

    Attributes:
        network: a key of ``profiles``, or a shipped network's name.
        block: name of an SE block, as in ``model.named_modules()``.
        classes: up to six names.
        order: of the channels: ``"index"``, ``"mean"`` over all classes, smallest first, or ``"specificity"``, most specific first.
        marks: ``"strips"``, one per class below the curve of the mean over all classes, ``"dots"`` or ``"lines"``.
        scale: of the upper axis: ``"fitted"`` to what is shown, or ``"full"``, from 0 to 1.
        measure: of the lower chart: ``"specificity"``, ``"probe"``, ``"closed"``, ``"open"`` or ``"still"``.
        channel: the channel that is held, None for none.

    Args:
        profiles: the name of a shipped network, with the other shipped ones to choose from; or profiles by name.
        class_names: what the rows of profiles of yours stand for.

    Raises:
        ValueError: see :class:`~sebook.widgets.plot.PlotWidget`; or profiles of yours without ``class_names``.
    """

    network = One(Set("networks"), unlike="is not there")
    block = One(Set("blocks"), last=True, by="network", unlike="is not there")
    classes = Several(Set("classes"), most=MOST, first=Set("first"), by="network")
    order = One(ORDERS, "mean", unlike="is not there")
    marks = One(MARKS, unlike="is not there")
    scale = One(SCALES, "full", unlike="is not there")
    measure = One(MEASURES, unlike="is not there")
    channel = Whole(None, below=Set("channels"), none=True, by=("network", "block"))

    def __init__(
        self,
        profiles: str | Mapping[str, Profile] = SHIPPED[0],
        *,
        class_names: Sequence[str] | None = None,
        block: str | None = None,
        classes: Sequence[str] | None = None,
        **choices: Any,
    ) -> None:
        if isinstance(profiles, str):
            self._profiles = {name: _shipped(name) for name in dict.fromkeys((*SHIPPED, profiles))}
            abouts = {name: _about(name) for name in self._profiles}
            first = profiles
        else:
            self._profiles, first = dict(profiles), next(iter(profiles), "")
            if not self._profiles or class_names is None:
                raise ValueError(
                    "profiles of yours need at least one, and class_names: what their rows stand for, such as test.classes"
                )
            abouts = {name: about(profile, class_names, title=name) for name, profile in self._profiles.items()}
        arrays = {name: packed(profile) for name, profile in self._profiles.items()}
        self._own = not isinstance(profiles, str)
        known = {
            "blocks": {name: list(profile.mean) for name, profile in self._profiles.items()},
            "classes": {name: each["classes"] for name, each in abouts.items()},
            "first": {name: each["first"] for name, each in abouts.items()},
            "channels": {
                name: {block: mean.shape[1] for block, mean in profile.mean.items()} for name, profile in self._profiles.items()
            },
        }
        super().__init__("profiles", {"networks": abouts, "arrays": arrays}, known)
        self.choose(**{"network": first, "block": block, "classes": classes, **choices})

    def _page_data(self) -> dict[str, Any]:
        """Means of shipped networks come by themselves, one network when it is chosen (``sebook.widgets.profiles.build``)."""
        return self._data if self._own else {**self._data, "arrays": {}}

    def figure(self) -> tuple[str, str]:
        about, profile = self._data["networks"][self.network], self._profiles[self.network]
        shown = self.classes[:4] or about["classes"][:1]
        drawing = plots.class_means(profile, about["classes"], shown, [self.block])
        caption = f"{about['title']}, {gallery.titled(self.block)}. {drawing.label}"
        return page_svg.to_svg(drawing.figure, caption), caption


def about(
    profile: Profile, class_names: Sequence[str], *, title: str, probe: Mapping[str, Estimate] | None = None, **more: Any
) -> dict:
    """What a network's profile comes to, block by block: each measure with its interval, None where it was not measured.

    Raises:
        ValueError: there are not as many names as classes.
    """
    if len(class_names) != len(profile.counts):
        raise ValueError(f"class_names has {len(class_names)} names, and the profile {len(profile.counts)} classes: name each")
    blocks = []
    for name, mean in profile.mean.items():
        block: dict[str, Any] = {"name": name, "title": gallery.titled(name), "channels": mean.shape[1]}
        block["specificity"] = _rounded(profile.mean_specificity(name))
        for i, state in enumerate(("closed", "open", "still")):
            block[state] = _rounded(bootstrap(profile.shares[name][i])) if name in profile.shares else None
        block["probe"] = _rounded(probe[name]) if probe else None
        blocks.append(block)
    names = list(class_names)
    return {"title": title, "classes": names, "first": names[:4], "pictures": int(profile.counts.sum()), "blocks": blocks} | more


def packed(profile: Profile) -> dict[str, list]:
    """Class means (K, C) in 8 bits of each block's range, and each channel's class-specificity (C,) in 8 bits of it."""
    means = [encoded.packed(mean, "u1") for mean in profile.mean.values()]
    return {"means": means, "specificity": [encoded.packed(profile.specificity(name), "u1") for name in profile.mean]}


def build(network: str, out: str | Path) -> Path:
    """Write ``out/profiles/<network>.js``, from which pages have a shipped network's class means, and return that path."""
    path = Path(out) / "profiles" / f"{network}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(packed(profiles.shipped(network)), separators=(",", ":"))
    path.write_text(f"SENet.provide({json.dumps(f'profiles/{network}')},{text});\n", encoding="utf-8")
    return path


def _shipped(name: str) -> Profile:
    if name not in pretrained.names() or pretrained.get(name).file is None:
        raise ValueError(f"profiles={name!r} does not ship: choose one of {quoted(SHIPPED)}, or give a dict of profiles of yours")
    return profiles.shipped(name)


@functools.cache  # many small sums for the intervals
def _about(name: str) -> dict[str, Any]:
    checkpoint, profile = pretrained.get(name), _shipped(name)
    first = [each for each in FIRST.get(name, ()) if each in checkpoint.classes] or list(checkpoint.classes[:4])
    return about(profile, checkpoint.classes, title=checkpoint.title, probe=linear_probe.probed(name), first=first)


def _rounded(estimate: Sequence[float]) -> list[float]:
    return [round(float(value), 4) for value in estimate]
