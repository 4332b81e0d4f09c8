"""Where a rule of fusion does not hold, it is left out, and the report says why."""

import copy
import pickle

import pytest
import timm
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

from senet import record
from senet.fusion import fuse, report, reuse
from senet.models.se import SEBlock
from tests.common import scramble
from tests.fused import EARLY, SUM, bottlenecks, close


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    return scramble(bottlenecks())


class Net(nn.Module):
    """A little network whose forward each case below rewrites."""

    def __init__(self, forward) -> None:
        super().__init__()
        self.conv, self.bn, self.narrow, self.strided = (
            nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), nn.Conv2d(8, 4, 1), nn.Conv2d(3, 8, 1, stride=2)
        )  # fmt: skip
        self.se, self.se4 = SEBlock(8), SEBlock(4)
        self.compute = forward

    def forward(self, x: Tensor) -> Tensor:
        return self.compute(self, x)


def writes_into_the_shortcut(net, x):
    y = net.conv(x)
    shortcut = y * 2
    shortcut += net.se(y)
    return shortcut * 3 + y


def uses_the_block_twice(net, x):
    y = net.se(net.conv(x))
    return (y + x.mean()) * y


def writes_into_u(net, x):
    u = net.conv(x)
    y = net.se(u)
    u.mul_(2)
    return y + u


def doubles(net, x):
    y = net.se(net.bn(net.conv(x)))
    return y + y


@pytest.mark.parametrize(
    ("forward", "says"),
    [
        (lambda net, x: net.se(net.bn(net.conv(x))) + net.conv(x), "squeezed where it was, for U comes from BatchNorm2d"),
        (lambda net, x: net.bn(y := net.conv(x)) * net.se(y), "U is read by others too; no addition"),
        (lambda net, x: net.se(net.strided(x)), "U comes from Conv2d"),
        (lambda net, x: net.se4(net.narrow(net.conv(x))), "U comes from Conv2d"),
        (lambda net, x: net.se(net.conv(x)) + 1, "no addition follows"),
        (lambda net, x: torch.add(net.se(net.conv(x)), net.conv(x), alpha=2), "no addition follows"),
        (lambda net, x: torch.add(net.conv(x * 2), net.se(net.conv(x))), SUM),
        (writes_into_the_shortcut, "no addition follows"),
        (uses_the_block_twice, "no addition follows"),
        (writes_into_u, "no addition follows"),
        (doubles, f"{EARLY} conv; no addition follows"),
    ],
)  # fmt: skip
def test_a_rule_is_left_out_where_it_does_not_hold(forward, says, pictures):
    torch.manual_seed(0)
    net = scramble(Net(forward)).double()
    fused = fuse(net)
    (said,) = report(fused).values()
    assert says in said
    close(fused(pictures.double()), net(pictures.double()), 1e-12)
    with torch.no_grad():
        close(fused.float()(pictures), net.float()(pictures), 1e-5)


def test_writes_over_u_only_where_nobody_can_tell(model, pictures, monkeypatch):
    """A fused network without hooks, and no other. Addresses are noted, since a hook would be somebody."""
    places = []

    def noted(u: Tensor, s: Tensor, shortcut: Tensor) -> Tensor:
        at = u.data_ptr()
        out = rescale_and_add(u, s, shortcut)
        places.append(out.data_ptr() == at)
        return out

    rescale_and_add = reuse.rescale_and_add
    monkeypatch.setattr(reuse, "rescale_and_add", noted)
    fused, layers = fuse(model), len(report(fuse(model)))

    def overwrites(forward) -> bool:
        places.clear()
        with torch.no_grad():
            forward()
        assert len(places) == layers
        assert len(set(places)) == 1
        return places[0]

    assert overwrites(lambda: fused(pictures))
    assert overwrites(lambda: copy.deepcopy(fused)(pictures))
    assert overwrites(lambda: pickle.loads(pickle.dumps(fused))(pictures))
    assert not overwrites(lambda: torch.fx.Interpreter(fused).run(pictures))
    assert not overwrites(lambda: record(fused, pictures))
    assert not overwrites(lambda: torch.enable_grad()(fused)(pictures))
    for watched in ("layer2.1.conv3", "layer2.1.se", "layer2.1.se.fc1", "layer1"):
        handle = fused.get_submodule(watched).register_forward_hook(lambda module, args, out: None)
        assert not overwrites(lambda: fused(pictures))
        handle.remove()
    with forward_ad.dual_level():
        assert not overwrites(lambda: fused(pictures))
    handle = nn.modules.module.register_module_forward_hook(lambda module, args, out: None)
    assert not overwrites(lambda: fused(pictures))
    handle.remove()
    assert overwrites(lambda: fused(pictures))


@pytest.mark.parametrize("treated", [fuse, copy.deepcopy], ids=["fused", "as it is"])
def test_many_models_at_once(treated, model, pictures):
    """``torch.func.vmap`` over pictures, as for ensembles."""
    network = treated(model)
    with torch.no_grad():
        close(torch.func.vmap(network)(pictures[:, None])[:, 0], network(pictures), 1e-5)


def test_a_block_that_computes_something_else_is_left_alone(pictures):
    class Doubling(SEBlock):
        def excite(self, z: Tensor) -> Tensor:
            return 2 * super().excite(z)

    torch.manual_seed(0)
    for block in (timm.layers.SEModule(8, add_maxpool=True, rd_channels=4), Doubling(8)):
        net = nn.Sequential(nn.Conv2d(3, 8, 1), block).eval()
        fused = fuse(net)
        assert "computes something else than mean, two layers, a gate and a product" in report(fused)["1"]
        assert torch.equal(fused(pictures), net(pictures))


def test_refuses_what_can_not_be_traced():
    class Branching(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x if x.sum() > 0 else -x

    with pytest.raises(ValueError, match="Branching can't be traced, for what it does depends on values"):
        fuse(Branching())
