"""What all tests share: one thread each, since several run side by side, and the same random numbers at every run."""

import gc
import os

import hypothesis
import pytest
import torch

# Deadlines measure the machine, which may be busy; derandomized, so that a run fails or passes for what changed, not by luck.
hypothesis.settings.register_profile("project", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("project")

# A fifth of the time that imports take went into looking through them for garbage. They stay, so it is looked for in the rest.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


@pytest.fixture(autouse=True)
def same_numbers():
    torch.manual_seed(0)
