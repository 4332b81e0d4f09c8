"""Who takes part in the benchmark: SE-ResNet-50 by this package and by others, ResNet-50 without SE, and ways to squeeze.

:mod:`sebook.measure.bench` times them. A contender is a call without arguments that does its computation once.
"""

import contextlib
import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models.resnet import Bottleneck, ResNet, resnet50
from torchvision.ops import SqueezeExcitation

from senet.fusion import fuse
from senet.models.rescale import mean_of_maps
from senet.models.resnet import se_resnet50
from senet.pretrained.convert import convert

WHATS = ("network", "block", "squeeze")
MODES = ("eval", "train")
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
FORMATS = {"nchw": torch.contiguous_format, "channels_last": torch.channels_last}
STAGES = {1: (256, 56), 2: (512, 28), 3: (1024, 14), 4: (2048, 7)}  # channels and height of U at 224 pixels
BLOCKS = {1: 3, 2: 4, 3: 6, 4: 3}  # how many SE blocks a ResNet-50 has of each


@dataclass(frozen=True)
class Case:
    """One comparison: what is timed, and how."""

    what: str
    mode: str
    dtype: str
    format: str
    batch: int
    stage: int | None = None

    def __str__(self) -> str:
        stage = f" {self.stage}" if self.stage else ""
        return f"{self.what}{stage}, {self.mode}, {self.dtype}, {self.format}, batch {self.batch}"

    @property
    def moved(self) -> int:
        """Bytes of U; in a network, of the U of all its SE blocks."""
        stages = {self.stage: 1} if self.stage else BLOCKS
        values = sum(count * self.batch * STAGES[stage][0] * STAGES[stage][1] ** 2 for stage, count in stages.items())
        return values * DTYPES[self.dtype].itemsize


class TorchvisionSEBottleneck(Bottleneck):
    """torchvision's bottleneck with torchvision's SE block, as one would put them together."""

    def __init__(self, inplanes: int, planes: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(inplanes, planes, *args, **kwargs)
        self.se = SqueezeExcitation(planes * 4, planes * 4 // 16)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.se(self.bn3(self.conv3(out)))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


def networks() -> dict[str, nn.Module]:
    """ResNet-50 without SE, and with SE by each library that is installed: one set of weights, random."""
    torchvisions = ResNet(TorchvisionSEBottleneck, [3, 4, 6, 3])
    weights = torchvisions.state_dict()
    made = {"plain": resnet50(), "torchvision": torchvisions, "ours": se_resnet50(bias=True)}
    made["plain"].load_state_dict({key: value for key, value in weights.items() if ".se." not in key})
    made["ours"].load_state_dict(convert(weights, "timm"))  # timm's names and shapes are the same as torchvision's
    with contextlib.suppress(ModuleNotFoundError):  # a peer to measure, and nothing that the package needs
        import timm

        made["timm"] = timm.create_model("seresnet50")
        made["timm"].load_state_dict(weights)
    return made


def fold_batch_norms(model: nn.Module) -> nn.Module:
    """A copy of a network above, or of a block of it, whose convolutions carry the batch norms, and whose forward is its own."""
    model = copy.deepcopy(model)
    for name, bn in list(model.named_modules()):
        if isinstance(bn, nn.BatchNorm2d):
            before = name.replace("bn", "conv") if "bn" in name else name[:-1] + "0"  # bn1 follows conv1, downsample.1 follows .0
            model.set_submodule(before, fuse_conv_bn_eval(model.get_submodule(before), bn))
            model.set_submodule(name, nn.Identity())
    return model


def contenders(models: Mapping[str, nn.Module], case: Case, device: str, compiled: bool) -> dict[str, Callable[[], Any]]:
    """For each way to compute the case's network or block, a call that does it once.

    Raises:
        ValueError: two ways to compute SE give different answers.
    """
    c, size = STAGES[case.stage] if case.stage else (3, 224)
    x = torch.randn(case.batch, c, size, size).relu_()  # a block's input has been through ReLU
    ways = {name: model.eval() for name, model in models.items()}
    if case.stage:  # the second block of its stage, for the first has another input
        ways = {name: model.get_submodule(f"layer{case.stage}.1") for name, model in ways.items()}
    training = case.mode == "train"
    if not training:
        folded = {f"{name}, folded": fold_batch_norms(way) for name, way in ways.items() if name != "ours"}
        ways |= folded | {"ours, fused": fuse(ways["ours"])}
        _agree({name: way for name, way in ways.items() if not name.startswith("plain")}, x[:1])
    put = {"device": device, "memory_format": FORMATS[case.format]}
    dtype = DTYPES[case.dtype]
    x = x.to(**put)
    ways = {name: copy.deepcopy(way).train(training).to(**put) for name, way in ways.items()}
    if compiled:
        torch.compiler.reset()
        ways |= {f"{name}, compiled": torch.compile(way) for name, way in ways.items()}
    if training:
        return {name: _training_step(way, x, dtype) for name, way in ways.items()}
    return {name: without_gradients(way.to(dtype), x.to(dtype)) for name, way in ways.items()}


def _agree(ways: Mapping[str, nn.Module], x: Tensor) -> None:
    answers = {name: without_gradients(way, x)() for name, way in ways.items()}
    expected = answers["ours"]
    for name, answer in answers.items():
        if not torch.allclose(answer, expected, rtol=0, atol=1e-4 * expected.abs().max().item()):
            raise ValueError(f"{name!r} and 'ours' differ by {(answer - expected).abs().max():.2g}: there is nothing to compare")


def without_gradients(way: Callable[..., Any], *inputs: Tensor) -> Callable[[], Any]:
    """``way(*inputs)`` as it is used, with nothing kept for a gradient: to be called again and again."""

    def predict() -> Any:
        with torch.no_grad():
            return way(*inputs)

    return predict


def _training_step(way: nn.Module, x: Tensor, dtype: torch.dtype) -> Callable[[], Any]:
    optimizer = torch.optim.SGD(way.parameters(), lr=1e-6, momentum=0.9)
    if x.shape[1] > 3:  # not pictures, but what the block before gives under autocast; and it needs a gradient
        x = x.to(dtype).requires_grad_()
    gradient: list[Tensor] = []

    def step() -> None:
        with torch.autocast(x.device.type, dtype, enabled=dtype != torch.float32):
            out = way(x)
        gradient[:] = gradient or [torch.randn_like(out)]
        out.backward(gradient[0])
        optimizer.step()
        optimizer.zero_grad()
        x.grad = None

    return step


def squeezes(case: Case, device: str) -> dict[str, Callable[[], Any]]:
    """Ways to SE's hidden layer from U (N, C, H, W), or from the input of the convolution that makes U."""
    c, size = STAGES[case.stage or 1]
    like = {"device": device, "dtype": DTYPES[case.dtype]}

    def maps(channels: int) -> Tensor:
        return torch.randn(case.batch, channels, size, size, **like).to(memory_format=FORMATS[case.format])

    u, h = maps(c), maps(c // 4)  # a bottleneck's; a basic block's U, and what its 3x3 convolution reads, are both as large as h
    w, w_h, w_borders = (torch.randn(c // 16, inputs, **like) for inputs in (c, c // 4, c // 4 * 9))
    ways = {
        "mean": lambda: F.linear(u.mean((2, 3)), w),  # timm
        "adaptive pool": lambda: F.linear(F.adaptive_avg_pool2d(u, 1).flatten(1), w),  # torchvision
        "average pool": lambda: F.linear(F.avg_pool2d(u, (size, size)).flatten(1), w),
        "ours": lambda: F.linear(mean_of_maps(u), w),
        "before a 1x1": lambda: F.linear(mean_of_maps(h), w_h),
        "borders": lambda: F.linear(shifted_means(h).flatten(1), w_borders),
    }
    return {name: without_gradients(way) for name, way in ways.items()}


def shifted_means(h: Tensor) -> Tensor:
    """What each weight of a 3x3 convolution sees on average, with one zero around the maps: (N, C, H, W) -> (N, C, 3, 3).

    That is the mean of all pixels but those of a border row, a border column, or both. The mean of the convolution's output is the
    product of these with its weights. All of h has to be read for it, as all of the output would be.
    """
    rows, columns, none = h.sum(3), h[..., [-1, 0]].sum(2), torch.zeros_like(h[:, :, :1, 0])
    left_out_rows = torch.cat([rows[..., -1:], none, rows[..., :1]], 2)
    left_out_columns = torch.cat([columns[..., :1], none, columns[..., 1:]], 2)
    corners = F.pad(h[..., [-1, 0], :][..., [-1, 0]], (0, 1, 0, 1))[..., [0, 2, 1], :][..., [0, 2, 1]]
    all_but = rows.sum(2)[..., None, None] - left_out_rows[..., :, None] - left_out_columns[..., None, :] + corners
    return all_but / (h.shape[2] * h.shape[3])
