"""What a caller keeps of a network stays what the network computed, however it got hold of it.

The reference is an unoptimised copy: every rescaling, mean and ReLU by PyTorch's own operations,
and nothing in place. What is kept must equal it bit for bit.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

import pytest
import torch
from captum.attr import LayerActivation, LayerGradientXActivation
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn.modules import module as hooks
from torchvision.models.feature_extraction import create_feature_extractor

from sebook import relatives
from senet import record, se_inception_v3
from senet.fusion import fuse, reuse
from senet.models.inception import Conv
from senet.models.se import NoSE, SEBlock
from tests.variants import BUILDERS, STANDARD, as_it_is, fused, made, replica, run, unoptimised

PICTURE_SIDE = 32


def tensors(values) -> list[Tensor]:
    return [value for value in torch.utils._pytree.tree_leaves(values) if isinstance(value, Tensor)]


class Kept:
    """Everything that hooks on all modules see, unchanged and as a copy made at once."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Tensor, Tensor]] = []

    def keep(self, name: str, values) -> None:
        for value in tensors(values):
            self.seen.append((name, value, value.detach().clone()))

    def keep_from(self, name: str, module: nn.Module, *values) -> None:
        self.keep(name, values)

    def on(self, model: nn.Module) -> Iterator:
        for name, module in model.named_modules():
            if name:
                yield module.register_forward_pre_hook(lambda module, args, name=name: self.keep(f"{name} in", args))
                yield module.register_forward_hook(lambda module, args, out, name=name: self.keep(f"{name} out", (args, out)))

    def compare(self, other: "Kept") -> None:
        assert len(self.seen) == len(other.seen) > 0
        for (name, value, then), (reference, _, expected) in zip(self.seen, other.seen, strict=True):
            assert name == reference
            assert torch.equal(value, then), f"{name} was overwritten"
            assert torch.equal(value, expected), f"{name} differs"


def keeps_pytorchs_own(
    model: nn.Module, pictures: Callable[[], Tensor], learning: bool, on: Callable[[Kept, nn.Module], Iterator]
) -> None:
    """What hooks see of ``model`` is what they see of its plain twin; ``on`` puts them there, and gives their handles."""
    both = []
    for network in (model, unoptimised(model)):
        both.append(Kept())
        with ExitStack() as handles:
            for handle in on(both[-1], network):
                handles.enter_context(handle)
            run(network, pictures(), learning)
    both[0].compare(both[1])


@pytest.mark.parametrize("learning", [False, True], ids=["no gradients", "gradients"])
@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("name", BUILDERS)
def test_forward_hooks_keep_what_was_computed(name, training, learning, pictures):
    keeps_pytorchs_own(made(name, training=training), lambda: pictures, learning, Kept.on)


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("name", BUILDERS)
def test_backward_hooks_see_pytorchs_own_gradients(name, training, pictures):
    """On every module at once: an operation in place after one of them would raise."""

    def on(kept: Kept, network: nn.Module) -> Iterator:
        for path, module in network.named_modules():
            keep = partial(kept.keep_from, path)
            yield module.register_full_backward_pre_hook(keep)
            yield module.register_full_backward_hook(keep)

    keeps_pytorchs_own(made(name, training=training), lambda: pictures.clone().requires_grad_(), True, on)


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("name", BUILDERS)
def test_global_hooks_of_every_kind_keep_what_was_computed(name, training, pictures):
    def on(kept: Kept, _: nn.Module) -> Iterator:
        for kind in ("forward_pre", "forward", "full_backward_pre", "full_backward"):
            yield getattr(hooks, f"register_module_{kind}_hook")(partial(kept.keep_from, kind))

    keeps_pytorchs_own(made(name, training=training), lambda: pictures.clone().requires_grad_(), True, on)


@pytest.mark.parametrize("name", BUILDERS)
def test_global_hooks_on_a_fused_network_keep_what_was_computed(name, pictures):
    network, kept = fused(name), Kept()
    with hooks.register_module_forward_hook(partial(kept.keep_from, "")):
        run(network, pictures, False)
    assert kept.seen
    assert all(torch.equal(value, then) for _, value, then in kept.seen)


@pytest.mark.parametrize("name", BUILDERS)
def test_hooks_on_a_fused_network_keep_what_was_computed(name, pictures):
    """One module at a time, since one hook has to stop everything that overwrites."""
    network = fused(name)
    with torch.no_grad():
        expected = network(pictures)
    for path, module in network.named_modules():
        if not path or list(module.children()):
            continue
        kept = Kept()
        handle = module.register_forward_hook(lambda module, args, out, kept=kept: kept.keep("", (args, out)))
        with torch.no_grad():
            torch.testing.assert_close(network(pictures), expected, rtol=1e-3, atol=1e-4)
        handle.remove()
        assert all(torch.equal(value, then) for _, value, then in kept.seen), path


@pytest.mark.parametrize("learning", [False, True], ids=["no gradients", "gradients"])
@pytest.mark.parametrize("treated", [as_it_is, fused], ids=["as it is", "fused"])
@pytest.mark.parametrize("name", BUILDERS)
def test_a_feature_extractor_gives_what_hooks_saw(name, treated, learning, pictures):
    """All nodes at once, with those after them running too."""
    network = treated(name)
    expected = {}
    for path, module in network.named_modules():
        if isinstance(module, (nn.Conv2d, nn.BatchNorm2d, nn.Linear, SEBlock)):
            module.register_forward_hook(lambda module, args, out, path=path: expected.setdefault(path, out.detach().clone()))
    with torch.no_grad():
        network(pictures)
    plain = treated(name)
    wanted = [path for path in expected if not path.endswith("early")]
    extractor = create_feature_extractor(plain, wanted)
    with torch.set_grad_enabled(learning):
        got = extractor(pictures)
    for path in wanted:
        torch.testing.assert_close(got[path], expected[path], rtol=0, atol=0, msg=path)


@pytest.mark.parametrize("method", [LayerActivation, LayerGradientXActivation])
@pytest.mark.parametrize("layer", ["layer2.0.bn3", "layer2.0.se", "layer2.0.se.gate", "layer2.0.conv3"])
def test_captums_layer_methods_see_the_same(method, layer, pictures):
    model = made(STANDARD)
    got, expected = (
        method(lambda x, m=network: m(x), network.get_submodule(layer)).attribute(
            pictures, **({} if method is LayerActivation else {"target": 1})
        )
        for network in (model, unoptimised(model))
    )
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-7)
    if method is LayerActivation:
        assert torch.equal(got, expected)


@pytest.mark.parametrize("name", [STANDARD, "SEBasicBlock, pre"])
def test_captum_keeps_what_every_module_of_a_block_saw(name, pictures):
    model = made(name)
    plain = unoptimised(model)
    for path, _ in model.layer2.named_modules(prefix="layer2"):
        if path.endswith("relu") and ".se." not in path:  # Captum refuses a module that runs more than once
            continue
        for of_input in (False, True):
            got, expected = (
                LayerActivation(network, network.get_submodule(path)).attribute(pictures, attribute_to_layer_input=of_input)
                for network in (model, plain)
            )
            assert all(map(torch.equal, tensors(got), tensors(expected))), path


@pytest.mark.parametrize("name", BUILDERS)
def test_forward_derivatives_at_every_module_are_pytorchs(name, pictures):
    x, model, kept = pictures.double(), made(name).double(), []
    for network in (model, unoptimised(model)):
        seen = []
        for module in network.modules():
            module.register_forward_hook(lambda module, args, out, seen=seen: seen.append(out))
        with torch.no_grad(), forward_ad.dual_level():
            network(forward_ad.make_dual(x, torch.ones_like(x)))
            kept.append([part.clone() for out in seen for part in forward_ad.unpack_dual(out)])
    assert all(map(torch.equal, *kept))


@pytest.mark.parametrize("name", BUILDERS)
def test_forward_derivatives_of_a_fused_network_are_pytorchs(name, pictures):
    """Fused in float64: the rounding of folded float32 weights is the processor's, and grows in a derivative."""
    x, tangents = pictures.double(), []
    for network in (fuse(made(name).double()), unoptimised(made(name)).double()):
        with torch.no_grad(), forward_ad.dual_level():
            out = network(forward_ad.make_dual(x, torch.ones_like(x)))
            tangents.append(forward_ad.unpack_dual(out).tangent.clone())
    torch.testing.assert_close(*tangents, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("learning", [False, True], ids=["no gradients", "gradients"])
@pytest.mark.parametrize("treated", [as_it_is, fused], ids=["as it is", "fused"])
def test_data_parallel_replicas_keep_what_was_computed(treated, learning, pictures):
    """Each in a thread of its own, all with the original's hooks."""
    model, parts, kept = treated(STANDARD), [pictures + i for i in range(4)], threading.local()
    for path, module in model.named_modules():
        if path:
            module.register_forward_hook(lambda module, *values, path=path: kept.by.keep(path, values))

    def work(x: Tensor, network: nn.Module) -> Kept:
        kept.by = Kept()
        with torch.set_grad_enabled(learning):
            network(x)
        return kept.by

    plain = model if treated is fused else unoptimised(model)
    with ThreadPoolExecutor(4) as threads:
        got = list(threads.map(work, parts, [replica(model) for _ in parts]))
    for x, ours in zip(parts, got, strict=True):
        ours.compare(work(x, plain))


@pytest.mark.parametrize("treated", [as_it_is, fused], ids=["as it is", "fused"])
def test_threads_do_not_disturb_each_other(treated, pictures):
    """One of them with hooks in its own copy, the others without."""
    network = treated(STANDARD)
    with torch.no_grad():
        inputs = [pictures + i for i in range(4)]
        expected = [network(x) for x in inputs]
    results: dict[int, list[Tensor]] = {}

    def work(i: int) -> None:
        with torch.no_grad():
            results[i] = [network(inputs[i]) for _ in range(8)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(out, expected[i]) for i in range(4) for out in results[i])
    assert not reuse.allowed()


def test_inception_keeps_too():
    torch.manual_seed(0)
    model = se_inception_v3(num_classes=3, aux_logits=False, init_weights=False).eval()
    assert all(isinstance(conv, Conv) for name, conv in model.named_modules() if hasattr(conv, "bn"))
    kept = Kept()
    list(kept.on(model))
    with torch.no_grad():
        model(torch.randn(1, 3, 75, 75))
    assert all(torch.equal(value, then) for _, value, then in kept.seen)


def test_without_se_and_relatives_overwrite_nothing():
    x, y = torch.randn(2, 2, 16, 8, 8)
    before = x.clone(), y.clone()
    with torch.no_grad():
        for block in (NoSE(), SEBlock(16), relatives.ECA(16), relatives.GatherExcite(16)):
            block(x, y)
    assert torch.equal(x, before[0])
    assert torch.equal(y, before[1])


def test_a_recording_of_a_fused_network_keeps_u(pictures):
    expected = record(made(STANDARD), pictures, maps=True)
    got = record(fused(STANDARD), pictures, maps=True)
    for name, block in expected.blocks.items():
        torch.testing.assert_close(got.blocks[name].maps, block.maps, rtol=1e-3, atol=1e-4)
