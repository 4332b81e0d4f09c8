"""ImageNet's class names for pages: what a thousand outputs of a reader's own network most likely mean."""

import json
from pathlib import Path


def build(out: str | Path) -> Path:
    """Write ``out/class-names.js`` with the 1000 names in ImageNet's order, as torchvision has them, and return that path."""
    from torchvision.models import get_model_weights

    names = get_model_weights("mobilenet_v3_small")["DEFAULT"].meta["categories"]
    path = Path(out) / "class-names.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"SENet.provide({json.dumps('class-names')},{json.dumps(names, separators=(',', ':'))});\n", encoding="utf-8")
    return path
