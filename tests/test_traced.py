"""Networks, as they are and fused, traced and exported: the same answers, and gradients afterwards."""

import io

import pytest
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx
from torchvision.models import resnet18

from senet.fusion import fuse
from tests.kept import STANDARD, made


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    return torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("learning", [False, True], ids=["no gradients", "gradients"])
@pytest.mark.parametrize("treated", [lambda model: model, fuse], ids=["as it is", "fused"])
@pytest.mark.parametrize("name", [STANDARD, "SEBottleneck, pre", "se_resnet20"])
def test_traces_saves_and_learns_after(name, treated, learning, pictures):
    network = treated(made(name))
    with torch.set_grad_enabled(learning):
        traced = torch.jit.trace(network, pictures)
    file = io.BytesIO()
    torch.jit.save(traced, file)
    file.seek(0)
    loaded, other = torch.jit.load(file), torch.randn(3, 3, 48, 32)
    torch.testing.assert_close(loaded(other), network(other), rtol=1e-4, atol=1e-4)
    loaded(other.requires_grad_()).sum().backward()  # what was traced without gradients has them
    assert other.grad.any()


@pytest.mark.parametrize("treated", [lambda model: model, fuse], ids=["as it is", "fused"])
def test_make_fx_without_gradients_is_replayed_with_them(treated, pictures):
    network = treated(made(STANDARD))
    with torch.no_grad():
        graph = make_fx(network)(pictures)
    x = pictures.clone().requires_grad_()
    out = graph(x)
    torch.testing.assert_close(out, network(pictures), rtol=1e-4, atol=1e-4)
    out.sum().backward()
    assert x.grad.any()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("treated", [lambda model: model, fuse], ids=["as it is", "fused"])
def test_the_older_onnx_exporter_takes_it(treated, pictures):
    onnxruntime = pytest.importorskip("onnxruntime")
    network, file = treated(made(STANDARD)), io.BytesIO()
    with torch.no_grad():
        torch.onnx.export(network, (pictures,), file, dynamo=False)
        expected = network(pictures)
    session = onnxruntime.InferenceSession(file.getvalue())
    (got,) = session.run(None, {session.get_inputs()[0].name: pictures.numpy()})
    torch.testing.assert_close(torch.from_numpy(got), expected, rtol=1e-3, atol=1e-3)


def test_exports_with_any_height_and_width():
    """As torchvision's, from a picture whose last maps have more than one pixel."""
    height, width = torch.export.Dim("h", min=33, max=512), torch.export.Dim("w", min=33, max=512)
    x, other = torch.randn(2, 3, 64, 96), torch.randn(2, 3, 57, 101)
    for network in (made(STANDARD), resnet18(num_classes=3).eval()):
        program = torch.export.export(network, (x,), dynamic_shapes=({2: height, 3: width},))
        torch.testing.assert_close(program.module()(other), network(other), rtol=1e-4, atol=1e-4)
