"""What one gate of a network is, and all that were found in it: the same words for a running model and for a file.

A gate here is what it computes, not what its class is called: a tensor pooled over its pixels, a
small path, and a product with a tensor of C channels. :mod:`senet.inside.finding` finds gates in a
running torch model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

# Families whose gate is one number per picture and channel; the others vary over the pixels.
BY_CHANNEL = (
    "SE",  # two layers, or more, between squeeze and gate
    "effective SE",  # one layer
    "ECA",  # a convolution over neighbouring channels
    "CBAM, channels",  # squeezes by mean and by max, and adds up what comes of both
    "global context",  # squeezes with weights for each pixel
    "selective kernel",  # chooses among branches: their gates add up to one
    "gather-excite",  # no layer at all
    "GRN",  # each channel's norm over the mean of all
)
BY_PIXEL = ("spatial gate", "coordinate attention", "local gather-excite")


@dataclass(frozen=True)
class Gate:
    """One gate, found in a network.

    Attributes:
        name: what to call it in ``gates=`` and in a recording: the path of the module that it is
            in, or in a file the name of the product's output. A module with several gates numbers
            them: ``"neck#2"``.
        depth: 1 for the first gate that ran, 2 for the second, ...
        family: one of ``BY_CHANNEL`` or ``BY_PIXEL``.
        kind: what bounds it: ``"sigmoid"``, ``"hard sigmoid"``, ``"tanh"``, ``"relu"``,
            ``"softmax"``, ``"linear"`` (nothing does), or the operation's own name.
        slope: of a hard sigmoid in its middle: 1/6, or 0.2 in some libraries; None elsewhere.
        channels: C, or of a selective kernel branches times C.
        hidden: the width of the layer before the last; None where there is only one layer.
        pool: how the pixels became one number: ``"mean"``, ``"max"``, ``"sum"``, ``"norm"``,
            ``"attention"``, ``"mean + max"``, ...
        squeezes: where the tensor that is pooled comes from: a module, or a tensor of a file.
        multiplies: where the tensor that is multiplied comes from.
        same: whether these two are the same tensor.
        residual: whether the product is added to what was multiplied: x + gate * x.
        where: the line of code that multiplies, ``"timm/layers/squeeze_excite.py:61"``, or the
            product's node in a file.
        proof: ``"proved"``; ``"not tried"``; or why it could not be proved.
    """

    name: str
    depth: int
    family: str
    kind: str
    channels: int
    slope: float | None = None
    hidden: int | None = None
    pool: str = "mean"
    squeezes: str = ""
    multiplies: str = ""
    same: bool = True
    residual: bool = False
    where: str = ""
    proof: str = "not tried"

    @property
    def by_channel(self) -> bool:
        """Whether it is one number per picture and channel, which can be read and overridden."""
        return self.family in BY_CHANNEL

    def __str__(self) -> str:
        kind = self.kind if self.slope is None else f"{self.kind} of slope {self.slope:.4g}"
        width = f"{self.channels}" if self.hidden is None else f"{self.hidden}/{self.channels}"
        apart = "" if self.same else f", squeezes {self.squeezes}, multiplies {self.multiplies}"
        residual = ", residual" if self.residual else ""
        return f"{self.name}: {self.family}, {kind}, {width}, {self.pool}{apart}{residual} ({self.where}; {self.proof})"


@dataclass(frozen=True)
class Anatomy:
    """All gates of one network, in the order in which they ran.

    Attributes:
        network: what the network is called.
        gates: one number per picture and channel each.
        others: gates that vary over the pixels; they are named, not read.
        notes: what the finder has to say besides, such as why nothing could be proved.
    """

    network: str
    gates: tuple[Gate, ...]
    others: tuple[Gate, ...] = ()
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Gate:
        for gate in (*self.gates, *self.others):
            if gate.name == name:
                return gate
        known = ", ".join(gate.name for gate in self.gates)
        raise KeyError(f"{name!r} is not a gate of {self.network}: choose among {known}")

    def proved(self, verdicts: Sequence[str]) -> "Anatomy":
        """The same with these proofs, one for each of ``gates``."""
        pairs = zip(self.gates, verdicts, strict=True)
        return replace(self, gates=tuple(replace(gate, proof=said) for gate, said in pairs))

    def __str__(self) -> str:
        lines = [f"{self.network}: {len(self.gates)} gates"]
        lines += [f"  {gate}" for gate in self.gates]
        if self.others:
            lines += ["and gates that vary over the pixels:", *(f"  {gate}" for gate in self.others)]
        return "\n".join([*lines, *self.notes])
