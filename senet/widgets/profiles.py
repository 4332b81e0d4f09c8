""" "Class by class": mean excitations of a few classes in one block, and how class-specific each depth is."""

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import traitlets

from .. import gallery, plots, pretrained, profiles
from ..profiles import Estimate, Profile, bootstrap
from .base import ViewError, _listed
from .plot import PlotWidget, known

SHIPPED = ("se_resnet_patchwork", "se_resnet20_cifar10", "se_resnet18_slim_imagenet100")
FIRST = {  # classes at the start; the last network's are the paper's own choice as far as its classes have them
    "se_resnet_patchwork": ("disc", "checks", "night", "twins"),
    "se_resnet20_cifar10": ("airplane", "cat", "horse", "truck"),
    "se_resnet18_slim_imagenet100": ("goldfish", "cliff", "espresso", "banana"),
}
MOST = 6  # lines that can be told apart
ORDERS = ("index", "mean", "specificity")
MARKS = ("lines", "dots")
MEASURES = ("specificity", "probe", "closed", "open", "still")
SCALES = ("fitted", "full")


class Profiles(PlotWidget):
    """Choose a network, a block and a few classes: the paper's figure on excitation, with this book's networks or yours.

    >>> Profiles("se_resnet20_cifar10", classes=["cat", "dog"])
    >>> made = {"before": untrained, "after": trained}
    >>> Profiles(made, class_names=test.classes)  # of senet.profiles.profile

    Above, the mean excitation of every channel, a line a class; below, one number a block: the share of the gates' variance that
    lies between classes, how well a linear classifier reads the class from the gates, or how many of them stand closed, open or
    still, each with a 95 % interval. No network is run. Traits work both ways.

    Attributes:
        network: a key of ``profiles``, or a shipped network's name.
        block: name of an SE block, as in ``model.named_modules()``.
        classes: up to six names.
        order: of the channels: ``"index"``, ``"mean"`` over all classes, smallest first, or ``"specificity"``, most specific first.
        marks: ``"lines"`` or ``"dots"``.
        scale: of the upper axis: ``"fitted"`` to what is shown, or ``"full"``, from 0 to 1.
        measure: of the lower chart: ``"specificity"``, ``"probe"``, ``"closed"``, ``"open"`` or ``"still"``.
        channel: the channel that is held, None for none.

    Args:
        profiles: the name of a shipped network, which others that ship stand beside; or profiles by name.
        class_names: what the rows of profiles of yours stand for.

    Raises:
        ValueError: see :class:`~senet.widgets.plot.PlotWidget`; or profiles of yours without ``class_names``.
    """

    network = traitlets.Unicode().tag(sync=True)
    block = traitlets.Unicode().tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    order = traitlets.Unicode("mean").tag(sync=True)
    marks = traitlets.Unicode("lines").tag(sync=True)
    scale = traitlets.Unicode("full").tag(sync=True)
    measure = traitlets.Unicode("specificity").tag(sync=True)
    channel = traitlets.Int(None, allow_none=True).tag(sync=True)

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
        names = ["network", "block", "classes", "order", "marks", "scale", "measure", "channel"]
        super().__init__("profiles", {"networks": abouts, "arrays": arrays}, names, network=first)
        blocks = list(self._profiles[first].mean)
        self.block = blocks[-1] if block is None else block
        self.classes = list(FIRST.get(first, abouts[first]["classes"])[:4] if classes is None else classes)
        for name, value in choices.items():
            if name not in names:
                raise TypeError(f"Profiles has no {name!r}: its choices are {', '.join(names)}")
            setattr(self, name, value)

    @traitlets.validate("network", "order", "marks", "scale", "measure")
    def _a_choice(self, proposal: Any) -> str:
        choices = {"network": self._data["networks"], "order": ORDERS, "marks": MARKS, "scale": SCALES, "measure": MEASURES}
        return known(proposal.trait.name, proposal.value, choices[proposal.trait.name])

    @traitlets.validate("block")
    def _a_block(self, proposal: Any) -> str:
        return known("block", proposal.value, self._profiles[self.network].mean)

    @traitlets.validate("classes")
    def _some_classes(self, proposal: Any) -> list[str]:
        names = self._data["networks"][self.network]["classes"]
        for name in proposal.value:
            known("classes", name, names)
        if len(proposal.value) > MOST or len(set(proposal.value)) < len(proposal.value):
            raise ViewError(f"classes={proposal.value!r}: choose at most {MOST}, each once")
        return proposal.value

    @traitlets.validate("channel")
    def _a_channel(self, proposal: Any) -> int | None:
        width = self._profiles[self.network].mean[self.block].shape[1]
        if proposal.value is not None and not 0 <= proposal.value < width:
            raise ViewError(f"channel={proposal.value} is not in {self.block}: choose 0 to {width - 1}, or None")
        return proposal.value

    @traitlets.observe("network")
    def _another_network(self, change: Any) -> None:
        """What the new network doesn't have gives way to what it begins with."""
        if not change.old:
            return  # the first one: its block and classes follow at once
        about = self._data["networks"][self.network]
        if self.block not in (blocks := list(self._profiles[self.network].mean)):
            self.block = blocks[-1]
        if not set(self.classes) <= set(about["classes"]):
            self.classes = about["first"]

    @traitlets.observe("block", "network")
    def _let_go(self, change: Any) -> None:
        mean = self._profiles[self.network].mean.get(self.block)
        if mean is not None and (self.channel or 0) >= mean.shape[1]:
            self.channel = None

    def _page_data(self) -> dict[str, Any]:
        """Means of shipped networks come by themselves, one network when it is chosen (``senet.widgets.profiles.build``)."""
        return self._data if self._own else {"networks": self._data["networks"], "arrays": {}}

    def figure(self) -> tuple[str, str]:
        about, profile = self._data["networks"][self.network], self._profiles[self.network]
        shown = self.classes[:4] or about["classes"][:1]
        drawing = plots.class_means(profile, about["classes"], shown, [self.block])
        caption = f"{about['title']}, {gallery.titled(self.block)}. {drawing.label}"
        return plots.to_svg(drawing.figure, caption), caption


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
    means = [gallery.packed(mean, "u1") for mean in profile.mean.values()]
    return {"means": means, "specificity": [gallery.packed(profile.specificity(name), "u1") for name in profile.mean]}


def build(network: str, out: str | Path) -> Path:
    """Write ``out/profiles/<network>.js``, from which pages have a shipped network's class means, and return that path."""
    path = Path(out) / "profiles" / f"{network}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(packed(profiles.shipped(network)), separators=(",", ":"))
    path.write_text(f"SENet.provide({json.dumps(f'profiles/{network}')},{text});\n", encoding="utf-8")
    return path


def _shipped(name: str) -> Profile:
    if name not in pretrained.names() or pretrained.get(name).file is None:
        raise ValueError(f"profiles={name!r} does not ship: choose one of {_listed(SHIPPED)}, or give a dict of profiles of yours")
    return profiles.shipped(name)


@functools.cache  # many small sums for the intervals
def _about(name: str) -> dict[str, Any]:
    checkpoint, profile = pretrained.get(name), _shipped(name)
    first = [each for each in FIRST.get(name, ()) if each in checkpoint.classes] or list(checkpoint.classes[:4])
    return about(profile, checkpoint.classes, title=checkpoint.title, probe=profiles.probed(name), first=first)


def _rounded(estimate: Sequence[float]) -> list[float]:
    return [round(float(value), 4) for value in estimate]
