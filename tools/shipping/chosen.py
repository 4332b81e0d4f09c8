"""Which pictures the measurements of *Eight bits* take: of the test set every nth, of the training set some by a seed."""

import numpy as np
from torch import Tensor

from senet import pretrained
from senet.images import Pictures

MANY, SEED = 512, 0  # for calibration


def tested(test: Pictures, count: int) -> Pictures:
    """``count`` of them, evenly from the first to the last: they may lie class by class."""
    return test[np.linspace(0, len(test) - 1, count).astype(int)]


def calibration(checkpoint: pretrained.Checkpoint, train: Pictures) -> Tensor:
    """Some training pictures as the network takes them, (512, 3, side, side)."""
    return checkpoint.preprocessing(train.images[np.random.default_rng(SEED).permutation(len(train))[:MANY]])
