"""What widgets refuse, in words that name the choice: each kind, in Python, where a notebook sets it."""

import re
from collections.abc import Callable
from functools import cache, partial

import pytest

from sebook.widgets import Attribution, Convolution, Curves, Excitation, Padding, Pairs, Profiles, Relatives, Rescale, Squeeze
from sebook.widgets.base import ViewError
from sebook.widgets.view import View

NETWORK = "se_resnet_patchwork"
MAKE: dict[str, Callable[[], View]] = {
    "attribution": partial(Attribution, NETWORK, ("disc-1", "night-1"), block="layer2.0.se", steps=4),
    "convolution": Convolution,
    "curves": Curves,
    "excitation": partial(Excitation, NETWORK),
    "padding": partial(Padding, NETWORK),
    "pairs": Pairs,
    "profiles": partial(Profiles, NETWORK),
    "relatives": Relatives,
    "rescale": partial(Rescale, NETWORK),
    "squeeze": Squeeze,
}
made = cache(lambda name: MAKE[name]())

# What no widget of the kind has: the message begins with the choice and the value, as in "channel=32".
UNKNOWN = {
    "attribution": {"picture": "unicorn", "block": "layer9", "method": "magic", "overlay": "half", "channel": 32},
    "excitation": {"picture": "unicorn", "unit": "h4", "rule": "relu", "moved": "99:1", "pushed": "one"},
    "padding": {"more": 9, "squeeze": "nothing", "block": "layer9.se", "picture": "cat"},
    "rescale": {"channel": 16, "gates": "0:1.5", "picture": "unicorn"},
    "squeeze": {"object": "unicorn", "ground": "dusk", "right": 17, "pool": "median", "channel": 16},
}
REFUSED = [
    *((name, choice, value, f"{choice}={value!r}") for name, values in UNKNOWN.items() for choice, value in values.items()),
    ("convolution", "picture", "unicorn", "'unicorn' is not shown here"),
    ("convolution", "kernel", "sharpen", "'sharpen' has to be 27 numbers"),
    ("convolution", "kernel", "1,2", "has 2 numbers"),
    ("convolution", "kernel", ",".join(["99"] * 27), "beyond 9"),
    ("convolution", "kernel", ",".join(["nan"] * 27), "beyond 9"),
    ("convolution", "row", 22, "row=22 leaves the picture"),
    ("convolution", "shown", "some", "'some' is unknown"),
    ("curves", "at", -1, "choose 0 or more"),
    *(("curves", choice, "x", "choose one of") for choice in ("show", "quantity", "axis", "value")),
    ("curves", "runs", ["x"], "choose one of"),
    ("excitation", "unit", "x1", "unit='x1'"),
    ("pairs", "measure", "cifar", "is not in timm's tables"),
    ("pairs", "order", "name", "is not an order"),
    ("pairs", "at", 14, "choose 0 to 13"),
    ("profiles", "network", "resnet", "choose one of 'se_resnet_patchwork'"),
    ("profiles", "block", "layer9.0.se", "choose one of 'layer1.0.se'"),
    ("profiles", "classes", ["disc", "disc"], "each once"),
    ("profiles", "classes", ["dog"], "choose one of 'disc'"),
    ("profiles", "order", "size", "choose one of 'index'"),
    ("profiles", "measure", "all", "choose one of 'specificity'"),
    ("profiles", "channel", 64, "0 to 63"),
    ("relatives", "relative", "cousin", "none of the family"),
    ("relatives", "stage", 5, "none of the family"),
    ("rescale", "gates", "0", "gates='0'"),
]


@pytest.mark.parametrize(("name", "choice", "value", "says"), REFUSED)
def test_what_it_does_not_have(name: str, choice: str, value: object, says: str):
    widget = made(name)
    before = getattr(widget, choice)
    with pytest.raises(ViewError, match=re.escape(says)) as refused:
        setattr(widget, choice, value)
    assert str(refused.value).startswith(choice)
    assert getattr(widget, choice) == before
