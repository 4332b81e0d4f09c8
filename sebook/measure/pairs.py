"""timm's pairs of networks without and with SE, as ``tools/timm_pairs.py`` took them from timm's tables."""

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

from senet import pretrained

_NAME = re.compile(r"(?P<network>[^.]+)\.(?P<recipe>\w+)_in1k$")


@functools.cache
def read() -> dict[str, Any]:
    """``data/results/timm-pairs.json``: ``sets`` and ``machines`` by name, and ``pairs``, each with both names, ``pixels``,
    ``parameters`` (millions), ``top1`` (per cent, by set) and ``time`` (with SE over without, by machine)."""
    folder = pretrained.get("se_resnet_patchwork").file.parent / "results"
    return json.loads((folder / "timm-pairs.json").read_text(encoding="utf-8"))


def gain(pair: Mapping[str, Any], test_set: str = "imagenet") -> float:
    """Top-1 accuracy with SE minus without, in points."""
    before, after = pair["top1"][test_set]
    return round(after - before, 3)  # timm gives three digits


def name(full: str) -> tuple[str, str]:
    """Network and recipe: ``("resnet50", "a1")`` of ``"resnet50.a1_in1k"``."""
    found = _NAME.match(full)
    return found["network"], found["recipe"]
