"""Networks under others' tools: subclasses of tensors, tracers, exporters, and the order of their modules."""

import io

import pytest
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx
from torchvision.models import resnet18
from torchvision.models.feature_extraction import get_graph_node_names

from tests.variants import BUILDERS, STANDARD, as_it_is, fused, made, run, unoptimised

PICTURE_SIDE = 32


class Subclass(Tensor):
    """As fastai's users and MONAI's have them."""


@pytest.mark.parametrize("name", BUILDERS)
def test_tensor_subclasses_train(name, pictures):
    model = made(name, training=True)
    plain = unoptimised(model)
    run(model, pictures.as_subclass(Subclass), True)
    run(plain, pictures, True)
    for (path, got), expected in zip(model.named_parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(got.grad.as_subclass(Tensor), expected.grad, msg=path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("learning", [False, True], ids=["no gradients", "gradients"])
@pytest.mark.parametrize("treated", [as_it_is, fused], ids=["as it is", "fused"])
@pytest.mark.parametrize("name", [STANDARD, "SEBottleneck, pre", "se_resnet20"])
def test_traces_saves_and_learns_after(name, treated, learning, pictures):
    network = treated(name)
    with torch.set_grad_enabled(learning):
        traced = torch.jit.trace(network, pictures)
    kinds = {node.kind().partition("::")[0] for node in traced.inlined_graph.nodes()}
    assert kinds == {"aten", "prim"}  # what counts operations, such as fvcore, knows all of them
    file = io.BytesIO()
    torch.jit.save(traced, file)
    file.seek(0)
    loaded, other = torch.jit.load(file), torch.randn(3, 3, 48, 32)
    torch.testing.assert_close(loaded(other), network(other), rtol=1e-4, atol=1e-4)
    loaded(other.requires_grad_()).sum().backward()  # what was traced without gradients has them
    assert other.grad.any()


@pytest.mark.parametrize("treated", [as_it_is, fused], ids=["as it is", "fused"])
def test_make_fx_without_gradients_is_replayed_with_them(treated, pictures):
    network = treated(STANDARD)
    with torch.no_grad():
        graph = make_fx(network)(pictures)
    x = pictures.clone().requires_grad_()
    out = graph(x)
    torch.testing.assert_close(out, network(pictures), rtol=1e-4, atol=1e-4)
    out.sum().backward()
    assert x.grad.any()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("treated", [as_it_is, fused], ids=["as it is", "fused"])
def test_the_older_onnx_exporter_takes_it(treated, pictures):
    onnxruntime = pytest.importorskip("onnxruntime")
    network, file = treated(STANDARD), io.BytesIO()
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


@pytest.mark.parametrize("name", BUILDERS)
def test_modules_are_listed_in_the_order_in_which_they_run(name, pictures):
    model, ran = made(name), []
    for path, module in model.named_modules():
        if list(module.parameters(recurse=False)):
            module.register_forward_hook(lambda module, args, out, path=path: ran.append(path))
    model(pictures)
    assert ran == [path for path, module in model.named_modules() if list(module.parameters(recurse=False))]
    assert get_graph_node_names(model)[1]
