"""The picture that a reader edits, as the page shows it, and the wait until the network has answered for it."""

import numpy as np
from PIL import Image
from playwright.sync_api import Locator

from .live import READY, answers, shows
from .shallow_deep import Widget

SIZE = 32


def looks(canvas: Locator) -> np.ndarray:
    """(H, W, 3) of a canvas."""
    data = canvas.evaluate(
        "c => [c.height, c.width, ...c.getContext('2d', {willReadFrequently: true}).getImageData(0, 0, c.width, c.height).data]"
    )
    return np.array(data[2:], np.uint8).reshape(*data[:2], 4)[..., :3]


def seen(widget: Widget) -> np.ndarray:
    return looks(widget.el.locator(".senet-picture canvas"))


def settled(widget: Widget, before: np.ndarray | None = None) -> np.ndarray:
    """Wait until an answer is shown, for something else than before; every number is then torch's for the pixels that are shown."""
    widget.page.wait_for_function(
        """([el, before]) => {
            const canvas = el.querySelector(".senet-picture canvas"), square = el.querySelector(".senet-board canvas");
            const text = (c) => c.getContext("2d", {willReadFrequently: true}).getImageData(0, 0, c.width, c.height).data.join();
            window.rest = (window.rest ?? 0) + 1;
            if (el.querySelector(".senet-live").hasAttribute("aria-busy") || text(canvas) !== text(square)) window.rest = 0;
            return window.rest > 3 && (before === null || text(canvas) !== before);
        }""",
        arg=[widget.el.element_handle(), None if before is None else ",".join(map(str, with_alpha(before).ravel()))],
        timeout=READY,
    )
    now = seen(widget)
    shows(widget, answers(Image.fromarray(now)))
    return now


def with_alpha(pixels: np.ndarray) -> np.ndarray:
    return np.concatenate([pixels, np.full_like(pixels[..., :1], 255)], -1)
