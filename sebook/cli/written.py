"""A folded network of torch in a file: its weights, for the same network with an identity in place of each folded block."""

from collections.abc import Iterable
from pathlib import Path

from safetensors.torch import save_file
from torch import nn


def write_folded(path: Path, name: str, before: nn.Module, folded: nn.Module, gates: Iterable[str], pictures: int) -> str:
    """Save ``folded``, which is the network ``name`` with ``gates`` at their means over so many pictures. Returns what to say."""
    about = {"network": name, "folded": " ".join(gates), "means over": f"{pictures} pictures"}
    weights = {key: tensor.contiguous() for key, tensor in folded.state_dict().items()}
    save_file(weights, str(path), metadata=about)
    counts = [sum(p.numel() for p in model.parameters()) for model in (before, folded)]
    return (
        f"{path}: {counts[0]:,} parameters became {counts[1]:,}; it fits the same network with an identity in place of each block"
    )
