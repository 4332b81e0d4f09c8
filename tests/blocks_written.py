"""The SE block as people write it: ten ways, under names that nobody has listed, and what looks like it and is something else."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CONVS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}


class Written(nn.Module):
    """A convolution, a gate in one of the ways, and another convolution, in 1, 2 or 3 dimensions."""

    kind, slope, residual, same, pool = "sigmoid", None, False, True, "mean"

    def __init__(self, channels: int, hidden: int, dims: int = 2) -> None:
        super().__init__()
        conv = CONVS[dims]
        self.before, self.after = conv(3, channels, 3), conv(channels, 4, 1)
        self.alpha, self.beta = nn.Linear(channels, hidden), nn.Linear(hidden, channels)
        self.over = tuple(range(2, dims + 2))

    def gate(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.beta(F.relu(self.alpha(z))))

    def spread(self, s: Tensor) -> Tensor:
        return s.view(*s.shape, *(1,) * len(self.over))

    def product(self, x: Tensor) -> Tensor:
        return x * self.spread(self.gate(x.mean(self.over)))

    def forward(self, x: Tensor) -> Tensor:
        return self.after(self.product(self.before(x)))


class Functional(Written):
    """No module but the weights', which `F.linear` and `F.conv` take."""

    def gate(self, z: Tensor) -> Tensor:
        hidden = F.linear(z, self.alpha.weight, self.alpha.bias).clamp_min(0)
        return 1 / (1 + torch.exp(-(hidden @ self.beta.weight.t() + self.beta.bias)))


class Squash(nn.Module):
    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(channels, hidden), nn.SiLU(), nn.Linear(hidden, channels), nn.Sigmoid())

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.mul(self.body(inputs.flatten(2).mean(-1))[(..., *(None,) * (inputs.ndim - 2))], inputs)


class Renamed(Written):
    def __init__(self, channels: int, hidden: int, dims: int = 2) -> None:
        super().__init__(channels, hidden, dims)
        self.squash = Squash(channels, hidden)

    def product(self, x: Tensor) -> Tensor:
        return self.squash(x)


class HardSixth(Written):
    kind, slope = "hard sigmoid", 1 / 6

    def gate(self, z: Tensor) -> Tensor:
        return F.relu6(self.beta(F.relu(self.alpha(z))) + 3) / 6


class HardFifth(Written):
    kind, slope = "hard sigmoid", 0.2

    def gate(self, z: Tensor) -> Tensor:
        return torch.clamp(0.2 * self.beta(F.relu(self.alpha(z))) + 0.5, 0.0, 1.0)


class Residual(Written):
    residual = True

    def product(self, x: Tensor) -> Tensor:
        return x + x * self.spread(self.gate(x.mean(self.over)))


class Split(Written):
    """Pools the sum of two tensors, in two steps, and multiplies one of them."""

    same = False

    def __init__(self, channels: int, hidden: int, dims: int = 2) -> None:
        super().__init__(channels, hidden, dims)
        self.skip = CONVS[dims](3, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        u, other = self.before(x), self.skip(x)
        z = u + other
        for _ in self.over:
            z = z.mean(2)
        return self.after(u * self.spread(self.gate(z)) + other)


class ByMax(Written):
    kind, pool = "tanh", "max"

    def gate(self, z: Tensor) -> Tensor:
        return torch.tanh(self.beta(F.relu(self.alpha(z))))

    def product(self, x: Tensor) -> Tensor:
        x *= self.spread(self.gate(x.amax(self.over)))
        return x


class Masked(Written):
    """Time that is padded does not count: the end of each sequence, here where the input is exactly zero."""

    pool = "sum"

    def product(self, x: Tensor) -> Tensor:
        mask = torch.ones(len(x), 1, *x.shape[2:])
        mask[..., -2:] = 0
        return x * self.spread(self.gate((x * mask).sum(self.over) / mask.sum(self.over)))


class Einsum(Written):
    """Pool, first layer and product by their letters."""

    pool = "sum"

    def gate(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.beta(F.relu(torch.einsum("nc,hc->nh", z, self.alpha.weight) + self.alpha.bias)))

    def product(self, x: Tensor) -> Tensor:
        pixels = "dhw"[-len(self.over) :]
        z = torch.einsum(f"nc{pixels}->nc", x) / x[0, 0].numel()
        return torch.einsum(f"nc{pixels},nc->nc{pixels}", x, self.gate(z))


WRITTEN = (Written, Functional, Renamed, HardSixth, HardFifth, Residual, Split, ByMax, Masked, Einsum)


class Falsehoods(nn.Module):
    """Products that are not gates of SE, in one network: each would be found by a careless rule."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, channels, 3)
        self.norm, self.bn, self.group = nn.LayerNorm(channels), nn.BatchNorm2d(channels), nn.GroupNorm(2, channels)
        self.attention = nn.MultiheadAttention(channels, 2, batch_first=True)
        self.glu = nn.Conv2d(channels, 2 * channels, 1)
        self.scale = nn.Parameter(torch.randn(channels, 1, 1))
        self.weight = nn.Parameter(torch.randn(channels, 1, 1))
        self.qkv = nn.Linear(channels, 3 * channels)
        self.drop, self.head = nn.Dropout(0.5), nn.Linear(channels, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.stem(x)) * self.scale  # layer scale
        mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True)
        x = (x - mean) * torch.rsqrt(variance + 1e-5)  # instance norm by hand
        x = self.weight * (x * torch.rsqrt(x.pow(2).mean((2, 3), keepdim=True) + 1e-6))  # filter response norm
        rows = x.flatten(2).transpose(1, 2)
        rows = (rows - rows.mean(-1, keepdim=True)) * (rows.var(-1, keepdim=True) + 1e-5).rsqrt()  # layer norm by hand
        rows = self.norm(rows) + self.attention(rows, rows, rows, need_weights=False)[0]
        q, k, v = self.qkv(rows).chunk(3, -1)
        rows = rows + ((q @ k.transpose(1, 2)) * q.shape[-1] ** -0.5).softmax(-1) @ v
        x = self.group(rows.transpose(1, 2).reshape(x.shape))
        a, b = self.glu(x).chunk(2, 1)
        x = self.drop(a * torch.sigmoid(b)) * torch.rand(len(x), 1, 1, 1)  # a gated linear unit; stochastic depth
        x = F.glu(torch.cat([x, a], 1), 1)
        x = x * torch.sigmoid(1.7 * x)  # a swish by hand
        return self.head(self.drop(x.mean((2, 3)))).softmax(-1)
