"""What was recorded of the networks that ship, under the names that tests/claims.yml uses.

Lists of a network run from its first block to its last. Everything is read from ``data/``, except
what concerns the gallery's photographs, which the network computes.
"""

import csv
import json
from functools import cache

import torch
from torch import Tensor

from sebook.experiments import linear_probe, profiles, shift, study
from sebook.measure import gains  # noqa: F401 - for claims
from sebook.measure import pairs as timm_pairs
from sebook.pages import exhibits
from sebook.widgets import Squeeze
from senet import pretrained
from senet.inside.recording import Recording, record

RESULTS = pretrained.get("se_resnet_patchwork").file.parent / "results"


def result(name: str) -> dict:
    return json.loads((RESULTS / f"{name}.json").read_text("utf8"))


class Network:
    """One network in numbers between 0 and 1.

    Attributes:
        controls, lost: by kind (trained, frozen, shuffled, one), accuracy and loss of accuracy.
        frozen: loss of accuracy with one block frozen, by block.
        moves: standard deviation of a gate, averaged over the gates of each block.
        share: share of a gate's variance that lies between classes, averaged likewise.
        closed, open, still: shares of gates, see :class:`sebook.experiments.profiles.Saturation`.
        read: accuracy of a linear classifier that reads one block's gates.
        means, apart: class means of the gates, and the mean distance of two of them.
        curve: accuracy on the test pictures after each epoch of training.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.classes = pretrained.get(name).classes
        profile = profiles.shipped(name)
        self.means, self.blocks = profile.mean, list(profile.mean)
        self.moves = [profile.deviation(block).mean().item() for block in self.blocks]
        self.share = [profile.specificity(block).mean().item() for block in self.blocks]
        self.apart = [distance(profile.mean[block]) for block in self.blocks]
        saturations = [profile.saturation(block) for block in self.blocks]
        self.closed, self.open, self.still = map(list, zip(*saturations, strict=True))
        self.read = [found.value for found in linear_probe.probed(name).values()]
        controls = result(f"controls-{name}")
        self.controls = {kind: row["accuracy"] for kind, row in controls["controls"].items()}
        self.lost = {kind: -row["difference"] for kind, row in controls["controls"].items()}
        self.frozen = [-controls["frozen"][block]["difference"] for block in self.blocks]
        self.accuracy = self.controls["trained"]
        self.attribution = result(f"attribution-{name}")["blocks"]
        with (RESULTS / f"{name}.training.csv").open(encoding="utf8") as file:
            self.curve = [float(row["test_accuracy"]) for row in csv.DictReader(file)]

    def agrees(self, pair: str) -> list[float]:
        """Rank correlations of two methods, such as ``"ablation ~ integrated"``, by block."""
        return [self.attribution[block]["agreement"][pair][0] for block in self.blocks]


def distance(means: Tensor) -> float:
    """Mean distance of two classes' gates: means (classes, C)."""
    classes, channels = means.shape
    return (torch.cdist(means, means, 1).sum() / (channels * classes * (classes - 1))).item()


@cache
def arms(name: str) -> dict[str, study.Row]:
    return {row.arm: row for row in study.rows(result(f"study-{name}"))}


# --- the part "Shipping it" ---


def step(network: Network, name: str) -> dict[str, float]:
    """A step of the chapter Must it stay: accuracy, difference from the trained network, low, high."""
    return result(f"frozen-{network.name}")["steps"][name]


def elsewhere(network: Network) -> list[float]:
    """Of the answers that padding changes, the share that it also changes with the right gates; by how much is padded."""
    shares = result(f"padding-{network.name}")["shares"].values()
    return [said["changed_elsewhere"]["mean"] / max(said["changed"]["mean"], 1e-9) for said in shares]


def started(name: str) -> list[float]:
    """Accuracies of a start in the first hundred steps, as the file looks at them: after 0, 1, 2, 5, 10, 20, 50, 100."""
    return [look["accuracy"] for look in result("start-se_resnet_patchwork")["starts"][name]]


def dead_share(whose: str, half: int | None = None) -> float:
    """Share of the hidden units of our networks, or of others', that never fire; on half of the pictures alone."""
    found = result("examined")[whose]
    counted = [gate for each in found for gate in each["gates"] if gate["dead"] is not None]
    dead = sum(gate["dead"] for gate in counted) if half is None else sum(each["halves"][half]["dead"] for each in found)
    return dead / sum(gate["hidden"] for gate in counted)


def examined(shown: str) -> dict:
    """The first network of others that was shown this."""
    return next(each for each in result("examined")["others"] if each["shown"] == shown)


def rounded() -> dict[str, list[float]]:
    """By network, how each setting of 8 bits changes its accuracy."""
    return {name: [row["difference"] for row in rows] for name, rows in _in_8_bits().items()}


def gates_off(tool: str) -> list[float]:
    """By network, the mean error of the gates as a share of their spread, where a tool leaves nothing out: of its best row."""
    found = []
    for rows in _in_8_bits().values():
        whole = [row["gates"]["of its strays"] for row in rows if row["tool"] == tool and "all but" not in row["how"]]
        found.append(min(sum(errors) / len(errors) for errors in whole))
    return found


def _in_8_bits() -> dict[str, list[dict]]:
    """By network, the rows of all tools that did not refuse it."""
    files = [result(f"shipping-{name}")["networks"] for name in ("int8", "pt2e")]
    return {name: [row for file in files for row in file[name]["rows"] if "refused" not in row] for name in files[0]}


def story(name: str) -> dict:
    return result("wild-stories")["stories"][name]


def kept(title: str) -> dict:
    """A network of the chapter What became of SE."""
    return next(row for row in result("who-kept-se")["networks"] if row["title"] == title)


def pairs_of_timm() -> dict:
    return timm_pairs.read()


def gain(name: str) -> float:
    """Of a network of timm with SE over its twin without, on ImageNet, in points."""
    return timm_pairs.gain(next(pair for pair in pairs_of_timm()["pairs"] if pair["with"] == name))


@cache
def led(arm: str, pictures: str = "patchwork") -> dict[str, list[tuple[float, float]]]:
    """How far SE is ahead of ``arm`` on corrupted pictures: see :func:`shift.leads`."""
    return shift.leads(result(f"study-shift-{pictures}"), arm)


def further(kind: str, other: str, pictures: str = "patchwork", lost: float = 0.1) -> tuple[float, float]:
    """How much further ``kind`` moves the gates than ``other`` where both cost ``lost``: mean and half interval."""
    runs = [said for said in result(f"study-shift-{pictures}")["runs"] if said["arm"] == "SE"]
    far = [[shift.at_equal_error(said, each, lost) for each in (kind, other)] for said in runs]
    return study.mean_interval([one - two for one, two in far])


def moved_by(name: str, lost: float = 0.1) -> list[float]:
    """How far each corruption moves a shipped network's gates where it costs ``lost``."""
    said = result(f"shift-{name}")
    return [shift.at_equal_error(said, kind, lost) for kind in shift.CORRUPTIONS]


# --- the gallery's photographs and the CIFAR-10 network ---


@cache
def photographs() -> tuple[list[str], Tensor, Recording]:
    """Titles, prepared pictures, and what the network computes for them."""
    found = exhibits.photographs(32, cifar.classes).pictures
    x = pretrained.get(cifar.name).preprocessing(found.images)
    return list(found.titles), x, record(pretrained.load(cifar.name, progress=False), x)


def between(one: str, other: str) -> list[float]:
    """How far the gates of two photographs lie apart on average, by block."""
    titles, _, seen = photographs()
    i, j = titles.index(one), titles.index(other)
    gates = [block.excitation for block in seen.blocks.values()]
    return [(each[i] - each[j]).abs().mean().item() for each in gates]


def pairs() -> list[list[float]]:
    """:func:`between` of every two photographs."""
    titles, _, _ = photographs()
    return [between(one, other) for i, one in enumerate(titles) for other in titles[:i]]


def answer(title: str, gates: dict[str, list[float]] | None = None) -> dict[str, float]:
    """Class to probability for a photograph, with some gates replaced; NaN keeps a gate."""
    titles, x, _ = photographs()
    given = {block: torch.tensor(values) for block, values in (gates or {}).items()}
    network = pretrained.load(cifar.name, progress=False)
    logits = record(network, x[titles.index(title)][None], gates=given).logits
    return dict(zip(cifar.classes, logits[0].softmax(0).tolist(), strict=True))


def named(title: str, gates: dict[str, list[float]] | None = None) -> str:
    """The class that the network names; see :func:`answer`."""
    found = answer(title, gates)
    return max(found, key=found.get)


def hangs(title: str) -> tuple[str, int]:
    """Block and channel of the gate that lowers the probability of the answer most when closed."""
    titles, x, seen = photographs()
    i = titles.index(title)
    top, lowest = seen.logits[i].argmax(), {}
    for block, each in seen.blocks.items():
        count = each.excitation.shape[1]
        one_off = torch.full((count, count), nan).fill_diagonal_(0)
        many = x[i].expand(count, -1, -1, -1)
        network = pretrained.load(cifar.name, progress=False)
        shares = record(network, many, gates={block: one_off}).logits.softmax(1)[:, top]
        lowest[block, int(shares.argmin())] = shares.min().item()
    return min(lowest, key=lowest.get)


def decides(title: str) -> str:
    """The block that lowers the probability of the answer most when all its gates are 1."""
    own = answer(title)
    named = max(own, key=own.get)
    opened = {block: {block: [1.0] * mean.shape[1]} for block, mean in cifar.means.items()}
    return min(opened, key=lambda block: answer(title, opened[block])[named])


# --- the Patchwork network and the figures of the first chapters ---


def squeezed(pool: str, shown: str) -> float:
    """z of channel 0 of the first block, for an object of the widget in *Squeeze*."""
    return float(Squeeze(patchwork.name, pool=pool, object=shown).z(middle=True)[0])


def moved() -> tuple[float, float]:
    """How far a map's pixels and its mean change when the widget's disc moves."""
    widget = Squeeze(patchwork.name)
    u, z = widget.maps(), widget.z()
    widget.right, widget.down = 8, -4
    return (widget.maps() - u).abs().mean().item(), (widget.z() - z).abs().mean().item()


def kernel(number: int) -> Tensor:
    """A filter of the first layer: nine weights for each colour, (3, 9)."""
    network = pretrained.load(patchwork.name, progress=False)
    return network.conv1.weight.detach()[number].flatten(1)


patchwork = Network("se_resnet_patchwork")
cifar = Network("se_resnet20_cifar10")
imagenet = Network("se_resnet18_slim_imagenet100")
networks = (patchwork, cifar, imagenet)
nan = float("nan")
NAMES = {name: value for name, value in globals().items() if not name.startswith("_")}
