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
from contextlib import contextmanager
from typing import Any, NoReturn

from torch import nn

# They compute the same in either mode, so that theirs is left alone: a small network's recording would take longer by a tenth.
NAMES = "Conv1d Conv2d Conv3d Linear ReLU ReLU6 SiLU Hardswish Sigmoid Hardsigmoid Tanh Identity Flatten AdaptiveAvgPool2d"
MODELESS = frozenset(getattr(nn, name) for name in NAMES.split())
_CALL, _TRAIN = nn.Module._call_impl.__code__, nn.Module.train.__code__
PATIENCE = 60.0  # seconds that another thread waits before it gives up

_changed = threading.Condition(threading.RLock())
_held: dict[nn.Module, "_Hold"] = {}


class Hook:
    """A module's hook for the thread that makes it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.thread = threading.get_ident()

    def __call__(self, module: nn.Module, *values: Any) -> Any:
        return self.function(module, *values) if threading.get_ident() == self.thread else None

    def idle(self) -> bool:
        """Whether it would do nothing in this thread."""
        return threading.get_ident() != self.thread

    def __reduce_ex__(self, *_: Any) -> NoReturn:
        raise ValueError(
            "a recording of this network is in progress, and a copy would keep its hooks: copy or save the network before or after"
        )


class _Hold(Hook):
    """Keeps a module in evaluation mode; others wait before its ``train``, and to run it in theirs."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.thread = None  # whose forward it would change: nobody's
        self.threads: list[int] = []  # of those who look
        self.handle = None
        # eval() calls train(), and copy and pickle call __getstate__().
        module.__dict__.update(train=self.train, __getstate__=self.__reduce_ex__)
        if module.training:
            self.handle = module.register_forward_pre_hook(self, prepend=True)
            module.training = False

    def __call__(self, module: nn.Module, *values: Any) -> None:
        with _changed:
            if not _changed.wait_for(self.free, PATIENCE):
                raise ValueError(
                    f"a recording has kept {type(module).__name__} in evaluation mode for "
                    f"{PATIENCE:.0f} s: train the network when the recording has ended"
                )

    def free(self) -> bool:
        """Whether this thread may go on: nobody looks, or it is one of those who do."""
        hold = _held.get(self.module)  # another than this, where the next recording has begun
        return hold is None or threading.get_ident() in hold.threads

    def train(self, mode: bool = True) -> nn.Module:
        with _changed:  # or another recording would begin before the mode is set
            self(self.module)
            return type(self.module).train(self.module, mode)

    def end(self) -> None:
        for name in ("train", "__getstate__"):
            self.module.__dict__.pop(name, None)
        if self.handle:
            self.handle.remove()
            self.module.training = True


@contextmanager
def evaluating(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Evaluation mode of all modules that have a use for it; then each one's own again, so that a frozen batch norm stays frozen.

    Raises:
        ValueError: another thread doesn't leave a forward in training mode, or puts a module into
            training mode in between.
    """
    modules = [module for module in modules if type(module) not in MODELESS]
    held = _hold(modules)
    try:
        yield
        if any(module.training for module in modules):
            raise ValueError("the network was put into training mode meanwhile: do this again")
    finally:
        with _changed:
            me = threading.get_ident()
            for hold in held:
                hold.threads.remove(me)
                if not hold.threads:
                    _held.pop(hold.module).end()
            _changed.notify_all()


def _hold(modules: list[nn.Module]) -> list[_Hold]:
    began = time.monotonic()
    while True:
        with _changed:
            if not _trained_elsewhere(modules):
                _held.update({module: _Hold(module) for module in modules if module not in _held})
                held, me = [_held[module] for module in modules], threading.get_ident()
                for hold in held:
                    hold.threads.append(me)
                return held
        if time.monotonic() - began > PATIENCE:
            raise ValueError(
                f"another thread has been training this network, or setting its mode, for "
                f"{PATIENCE:.0f} s: do this between its steps"
            )
        time.sleep(0.001)


def _trained_elsewhere(modules: list[nn.Module]) -> bool:
    """Whether another thread is in a forward in training mode, or sets a mode: its stack says so."""
    known = set(modules)
    for thread, frame in sys._current_frames().items():
        while frame and thread != threading.get_ident():
            if frame.f_code is _CALL or frame.f_code is _TRAIN:
                module = frame.f_locals["self"]
                if module in known and (module.training or frame.f_code is _TRAIN):
                    return True
            frame = frame.f_back
    return False
