"""Looking into a network during one forward, so that nobody else who runs it meets what looks.

Hooks belong to a module, and a module may run in several threads at once. A :class:`Hook` acts in
the thread that put it there and does nothing in others. A mode (training or evaluation) also belongs
to a module: :func:`evaluating` sets it once for all who look, and only while no other thread is
inside a forward in training mode. One that begins meanwhile waits until they have looked.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import accumulate, repeat
from types import FrameType, MethodType
from typing import Any, NoReturn

from torch import nn
from torchvision.models.mobilenetv3 import InvertedResidual
from torchvision.ops import Conv2dNormActivation, SqueezeExcitation

from ..models.resnet import SEBasicBlock, SEBottleneck
from ..models.se import SEBlock

# They compute the same in either mode, so that theirs is left alone: a small network's recording would take longer by a tenth.
LAYERS = "Conv1d Conv2d Conv3d Linear ReLU ReLU6 SiLU Hardswish Sigmoid Hardsigmoid Tanh Identity Flatten AdaptiveAvgPool2d"
BLOCKS = (nn.Sequential, SEBlock, SEBasicBlock, SEBottleneck, SqueezeExcitation, Conv2dNormActivation, InvertedResidual)
MODELESS = frozenset((*BLOCKS, *(getattr(nn, name) for name in LAYERS.split())))
_CALL, _TRAIN = nn.Module._call_impl.__code__, nn.Module.train.__code__
PATIENCE = 60.0  # seconds that another thread waits before it gives up

_changed = threading.Condition(threading.RLock())
_held: list[tuple[int, set[nn.Module]]] = []  # for each look its thread, and what it keeps in evaluation mode
_training: dict[nn.Module, Any] = {}  # of those, the ones that come back to training mode, and their hooks


class Hook:
    """A module's hook for the thread that makes it, or for all of them."""

    def __init__(self, function: Callable[..., Any], all_threads: bool = False) -> None:
        self.function = function
        self.thread = None if all_threads else threading.get_ident()

    def __call__(self, module: nn.Module, *values: Any) -> Any:
        return self.function(module, *values) if self.thread in (threading.get_ident(), None) else None

    def idle(self) -> bool:
        """Whether the hook does nothing in this thread."""
        return threading.get_ident() != self.thread

    def __reduce_ex__(self, *_: Any) -> NoReturn:
        raise ValueError(
            "a recording of this network is in progress, and a copy would keep its hooks: copy or save the network before or after"
        )


def _wait(module: nn.Module, *_: Any) -> None:
    """Until nobody else keeps this module in evaluation mode."""

    def free() -> bool:
        threads = [thread for thread, modules in _held if module in modules]
        return not threads or threading.get_ident() in threads

    with _changed:
        if not _changed.wait_for(free, PATIENCE):
            raise ValueError(
                f"a recording has kept {type(module).__name__} in evaluation mode for "
                f"{PATIENCE:.0f} s: train the network when the recording has ended"
            )


def _train(module: nn.Module, mode: bool = True) -> nn.Module:
    with _changed:  # or another recording would begin before the mode is set
        _wait(module)
        return type(module).train(module, mode)


_guard = Hook(_wait, all_threads=True)


@contextmanager
def evaluating(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Evaluation mode of all modules that have a use for it; then each one's own again, so that a frozen batch norm stays frozen.

    Raises:
        ValueError: another thread doesn't leave a forward in training mode, or puts a module into
            training mode in between.
    """
    modules = {*having_modes([*modules])}
    look = threading.get_ident(), modules
    _hold(look)
    try:
        yield
    finally:
        with _changed:
            _held.remove(look)
            trained = [module for module in modules if module.training]
            for module in _no_one_elses(modules):
                own = module.__dict__
                del own["train"], own["__getstate__"]
                if module in _training:
                    _training.pop(module).remove()
                    module.training = True
            _changed.notify_all()
    if trained:
        raise ValueError("the network was put into training mode meanwhile: do this again")


def having_modes(modules: list[nn.Module]) -> list[nn.Module]:
    """The modules that compute differently in training, and the first, the whole model, on which the mode is set."""
    rest = [module for module in modules[1:] if type(module) not in MODELESS]
    return [*modules[:1], *rest]


def _no_one_elses(modules: set[nn.Module]) -> set[nn.Module]:
    return modules.difference(*[others for _, others in _held])


def _hold(look: tuple[int, set[nn.Module]]) -> None:
    began = time.monotonic()
    while True:
        with _changed:
            if not _trained_elsewhere(look[1]):
                for module in _no_one_elses(look[1]):  # eval() calls train(), and copy and pickle call __getstate__()
                    module.__dict__.update(train=MethodType(_train, module), __getstate__=_guard.__reduce_ex__)
                    if module.training:
                        _training[module] = module.register_forward_pre_hook(_guard, prepend=True)
                        module.training = False
                _held.append(look)
                return
        if time.monotonic() - began > PATIENCE:
            raise ValueError(
                f"another thread has been training this network, or setting its mode, for "
                f"{PATIENCE:.0f} s: do this between its steps"
            )
        time.sleep(0.001)


def _trained_elsewhere(modules: set[nn.Module]) -> bool:
    """Whether another thread is in a forward in training mode, or sets a mode: its stack says so."""
    if not any(module.training for module in modules):
        return False  # the usual case, for which no other thread's stack is read
    for thread, top in sys._current_frames().items():
        for frame in _stack(top) if thread != threading.get_ident() else ():
            if frame.f_code is _CALL or frame.f_code is _TRAIN:
                module = frame.f_locals.get("self")
                if module in modules and (module.training or frame.f_code is _TRAIN):
                    return True
    return False


def _stack(top: FrameType) -> list[FrameType]:
    """All frames of a thread. It can't go on meanwhile, as no Python runs here: CPython 3.11 has crashed at an f_back in a loop."""
    frames: list[FrameType | None] = []
    with suppress(AttributeError):  # the lowest frame's f_back is None, which has none
        frames.extend(accumulate(repeat("f_back"), getattr, initial=top))
    return frames[:-1]
