"""What all tests share: one thread each, since several run side by side, and the same random numbers at every run."""

import gc
import os
from collections.abc import Callable

import hypothesis
import pytest
import torch
from torch import Tensor, nn

from senet.models.cifar import small_resnet
from tests.common import scramble

# Helpers that assert: pytest shows the values of their assertions, as it does in a test's own file.
pytest.register_assert_rewrite(*(f"tests.book.{helper}" for helper in ("crawl", "editor", "explorer", "live", "shallow_deep")))

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


@pytest.fixture(scope="module")
def pictures(request: pytest.FixtureRequest) -> Tensor:
    """Two pictures of noise, for a file that needs no others; it may say how large, by a constant of this name."""
    side = getattr(request.module, "PICTURE_SIDE", 64)
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def small() -> nn.Module:
    """A network with three SE blocks, for a file that needs no other."""
    torch.manual_seed(0)
    return scramble(small_resnet((1, 1, 1), (4, 8, 8), num_classes=3))


@pytest.fixture
def senet(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """A command of ``python -m senet``: what it prints, and where it is to fail, what it complains of."""
    from sebook.cli import parser

    def run(arguments: list[str], status: int = 0) -> str:
        assert parser.main(arguments) == status
        said = capsys.readouterr()
        return said.err if status else said.out

    return run
