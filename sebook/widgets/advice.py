""" "Should I add SE?": four questions, and an answer, and what it rests on."""

import html
import itertools

from ..measure import cost_table, gains, published
from .embedded import EmbeddedWidget
from .fields import One

BASES = {"residual": "a ResNet or ResNeXt", "mobile": "a MobileNet or EfficientNet", "plain": "a VGG or an Inception"}
STARTS = {"scratch": "I train it from the start", "weights": "I want pretrained weights"}
SCARCE = {"nothing": "nothing in particular", "time": "time per picture", "size": "the file's size"}
WHERE = {"cpu": "a CPU", "gpu": "a GPU"}
QUESTIONS = {
    "base": ("What do you build on?", BASES),
    "start": ("Where do its weights come from?", STARTS),
    "scarce": ("What is scarce when it runs?", SCARCE),
    "where": ("Where does it run?", WHERE),
}
CODE = {  # by base and start; a line that needs more than its network's name follows in _code
    ("residual", "weights"): 'timm.create_model("seresnet50.a1_in1k", pretrained=True)',
    ("mobile", "weights"): 'timm.create_model("mobilenetv3_large_100.ra_in1k", pretrained=True)',
    ("plain", "weights"): 'timm.create_model("seresnet50.a1_in1k", pretrained=True)',
    ("mobile", "scratch"): 'timm.create_model("mobilenetv3_large_100")',
    ("plain", "scratch"): "nn.Sequential(module, senet.SEBlock(channels))",
}
ROWS = {"residual": ("ResNet-50", "ResNet-152"), "mobile": ("MobileNet", "ShuffleNet"), "plain": ("VGG-16", "BN-Inception")}


_SETTLED = "Settled already: it is as in the network that you take."


def advise(base: str, start: str, scarce: str, where: str) -> dict[str, str]:
    """The advice for one set of answers: heading -> sentences.

    Raises:
        KeyError: an answer is none of those to its question.
    """
    return {
        "In short": _verdict(base, start, scarce),
        "Where": _SETTLED if start == "weights" else _place(base, scarce),
        "How wide": _SETTLED if start == "weights" else _width(base, scarce),
        "What it costs": _cost(base, where),
        "What it gained": _gain(base),
        "In code": _code(base, start, scarce),
    }


def _verdict(base: str, start: str, scarce: str) -> str:
    if start == "weights":
        other = " There is none for VGG or Inception; a ResNet with SE is the nearest." if base == "plain" else ""
        return f"Take a network that was trained with SE. Added to trained weights, SE must be learned first.{other}"
    if base == "mobile":
        return "Yes. The mobile networks gained most in the paper, and most of today's have SE."
    if scarce == "time":
        return "Try it, and measure both: the accuracy that you gain, and the time on your machine."
    return "Yes, if training is long enough to pay for it. Train once with SE and once without, and compare several seeds."


def _place(base: str, scarce: str) -> str:
    if base == "mobile":
        return "After the depthwise convolution, before the last 1x1 convolution: there MobileNetV3 and EfficientNet have it."
    if base == "plain":
        return "After each module's output: after an Inception module, or after a VGG's convolution and ReLU."
    if scarce == "size":
        return "After the 3x3 convolution (placement 3x3): a sixteenth of SE's parameters, at nearly the same error in the paper."
    return "Standard: at the end of the branch, before the sum. Before the sum the place hardly matters; after it, SE helps less."


def _width(base: str, scarce: str) -> str:
    if base == "mobile":
        return "A quarter of the widened channels in MobileNetV3; timm's networks come with their own width."
    first, best = published.BY_REDUCTION[16][0], published.BY_REDUCTION[4][0]
    grounds = f"In the paper's longer trainings, the error was {best:.2f} % with r = 4 and {first:.2f} % with r = 16, one run each."
    less = " To save more, leave SE out of the last stage, which has most of its parameters." if scarce == "size" else ""
    return f"r = 16. {grounds}{less}"


def _cost(base: str, where: str) -> str:
    if where == "gpu":
        plain, se = published.STEP_MS
        return (
            f"The paper's training step on eight GPUs took {se} ms with SE instead of {plain} ms (ResNet-50, 256 "
            "pictures). "
            "We have not measured a GPU. Time your own network: memory, rather than arithmetic, decides how long SE takes."
        )
    found = cost_table.measured()
    ratios = [row["torchvision"]["ratio"] for row in found["rows"]]
    fused = [row["fused"]["ratio"] for row in found["rows"]]
    other = " Your network will differ." if base != "residual" else ""
    return (
        f"SE-ResNet-50 took {min(ratios):.2f} to {max(ratios):.2f} times as long as ResNet-50 with torchvision's block, "
        f"and {min(fused):.2f} to {max(fused):.2f} times as long after senet.fuse. (That is on "
        f"{found['threads']} threads of an {found['machine']}, for 8 pictures; it depends on dtype and memory format.){other}"
    )


def _gain(base: str) -> str:
    errors = {name: (plain[0], se[0]) for name, (plain, se) in published.ERRORS.items()}
    paper = "; ".join("{} {:.2f} → {:.2f} % top-1 error".format(name, *errors[name]) for name in ROWS[base])
    timm = gains.in_timm()
    return (
        f"In the paper: {paper}. In timm's tables, {timm['up']} of {timm['pairs']} pairs are better with SE, by {timm['mean']:.2f} "
        f"points on average (from −{-timm['least']:.2f} to {timm['most']:+.2f})."
    )


def _code(base: str, start: str, scarce: str) -> str:
    if (base, start) == ("residual", "scratch"):
        return 'senet.se_resnet50(placement="3x3")' if scarce == "size" else "senet.se_resnet50(reduction=16)"
    return CODE[base, start]


class Advice(EmbeddedWidget):
    """Answer four questions, and read what to do and why.

    >>> Advice(base="mobile", where="gpu")

    Attributes:
        base: what you build on; one of the answers in ``QUESTIONS``.
        start: where its weights come from; one of the answers in ``QUESTIONS``.
        scarce: what is scarce when it runs; one of the answers in ``QUESTIONS``.
        where: where it runs; one of the answers in ``QUESTIONS``.
    """

    base = One(tuple(BASES))
    start = One(tuple(STARTS))
    scarce = One(tuple(SCARCE))
    where = One(tuple(WHERE))

    def __init__(
        self, base: str | None = None, start: str | None = None, scarce: str | None = None, where: str | None = None
    ) -> None:
        every = list(itertools.product(*(answers for _, answers in QUESTIONS.values())))
        answers = {" ".join(chosen): list(advise(*chosen).values()) for chosen in every}
        questions = {field: [words, offered] for field, (words, offered) in QUESTIONS.items()}
        heads = list(advise(*every[0]))
        super().__init__("advice", {"questions": questions, "heads": heads, "answers": answers})
        self.choose(base=base, start=start, scarce=scarce, where=where)

    def figure(self) -> tuple[str, str]:
        """The answer as a list, and the answers that led to it."""
        given = advise(self.base, self.start, self.scarce, self.where)
        rows = "".join(f"<dt>{html.escape(head)}</dt><dd>{html.escape(words)}</dd>" for head, words in given.items())
        chosen = (answers[getattr(self, field)] for field, (_, answers) in QUESTIONS.items())
        return f'<dl class="senet-advice">{rows}</dl>', f"For: {'; '.join(chosen)}."
