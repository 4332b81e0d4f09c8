"""From a picture to what a network was trained on."""

from dataclasses import dataclass

import torch
import torchvision.transforms.v2.functional as TF
from PIL import Image
from torch import Tensor

from ..arguments import at_least_one, one_of

INTERPOLATIONS = {"nearest": TF.InterpolationMode.NEAREST_EXACT} | {
    mode.value: mode for mode in (TF.InterpolationMode.BILINEAR, TF.InterpolationMode.BICUBIC)
}


@dataclass(frozen=True)
class Preprocessing:
    """From a picture to what the network was trained on.

    The shorter side is resized to ``size / crop`` (antialiased), the middle ``size`` x ``size`` pixels are kept, the values go from
    0...255 to 0...1, then (x - mean) / std for each of R, G, B. A picture of the right size is not resampled.

    Attributes:
        size: height and width of what comes out.
        mean, std: of R, G and B, on the scale 0...1.
        crop: share of the resized picture's shorter side that is kept.
        interpolation: ``"bilinear"``, ``"bicubic"`` or ``"nearest"``.

    Raises:
        ValueError: an argument is out of its bounds, or what is called is no picture.
    """

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    crop: float = 1.0
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        one_of(INTERPOLATIONS, interpolation=self.interpolation)
        at_least_one(size=self.size)
        if not 0 < self.crop <= 1:
            raise ValueError(f"crop={self.crop} has to be above 0 and at most 1: it is the share of the shorter side that is kept")
        for name in ("mean", "std"):
            values = tuple(getattr(self, name))
            if len(values) != 3 or (name == "std" and min(values) <= 0):
                raise ValueError(f"{name}={values} has to be three numbers, for R, G and B{', above 0' * (name == 'std')}")
            object.__setattr__(self, name, values)

    def __call__(self, pictures: Tensor | Image.Image) -> Tensor:
        """uint8 (N, 3, H, W) on any device, or one PIL picture (then N = 1) -> float32 (N, 3, size, size)."""
        x = TF.pil_to_tensor(pictures.convert("RGB"))[None] if isinstance(pictures, Image.Image) else pictures
        if not isinstance(x, Tensor) or x.dtype != torch.uint8 or x.ndim != 4 or x.shape[1] != 3:
            got = f"{x.dtype} {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(f"pictures={got} have to be uint8 (N, 3, H, W), with values 0 to 255, or one PIL picture")
        if x.shape[-2:] != (self.size, self.size):
            x = TF.resize(x, [int(self.size / self.crop)], INTERPOLATIONS[self.interpolation], antialias=True)
            x = TF.center_crop(x, [self.size, self.size])
        mean, std = (torch.tensor(values, device=x.device).view(3, 1, 1) for values in (self.mean, self.std))
        return (x.float() / 255 - mean) / std
