"""A median over pictures, with its interval."""

import numpy as np

from .chosen import SEED

DRAWN = 1000
INTERVAL = f"95 %, of the median over pictures, {DRAWN} bootstrap draws"


def median(values: np.ndarray) -> dict[str, float]:
    """Of one number for each picture: the median, and the interval's ends."""
    draws = np.random.default_rng(SEED).choice(values, (DRAWN, len(values)))
    low, high = np.quantile(np.median(draws, 1), (0.025, 0.975))
    return {"median": float(np.median(values)), "low": float(low), "high": float(high)}
