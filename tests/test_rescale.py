"""Rescaling and the sum after it: derivatives against PyTorch's own, first and second, and when ours step aside."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import forward_ad

from senet.fusion import reuse
from senet.models import rescale as module
from senet.models.rescale import mean_of_maps, rescale
from senet.models.se import SEBlock

SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 5), st.integers(1, 5))


def inputs(shape, seed=0, dtype=torch.float64, memory_format=torch.contiguous_format):
    generator = torch.Generator().manual_seed(seed)
    u, shortcut = (torch.randn(shape, generator=generator).to(dtype, memory_format=memory_format) for _ in range(2))
    s = torch.rand(*shape[:2], 1, 1, generator=generator).to(dtype)
    return [x.requires_grad_() for x in (u, s, shortcut)]


def plainly(u, s, shortcut=None):
    return u * s if shortcut is None else shortcut + u * s


def is_ours(out):
    return type(out.grad_fn).__name__ == "_RescaledBackward"


@settings(max_examples=100, deadline=None)
@given(shape=SHAPES, seed=st.integers(0, 2**31), last=st.booleans(), shortcut=st.booleans(), pictures=st.integers(1, 5))
def test_gradients_are_pytorchs_however_many_pictures_are_summed_at_once(shape, seed, last, shortcut, pictures):
    given_ = inputs(shape, seed, memory_format=torch.channels_last if last else torch.contiguous_format)[: 3 if shortcut else 2]
    gradient = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed + 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AT_ONCE", pictures * given_[0][0].numel() * 8)
        out = rescale(*given_)
        got = torch.autograd.grad(out, given_, gradient)
    expected = torch.autograd.grad(plainly(*given_), given_, gradient)
    assert is_ours(out)
    torch.testing.assert_close(out, plainly(*given_), rtol=0, atol=1e-12)
    for mine, pytorchs in zip(got, expected, strict=True):
        assert mine.shape == pytorchs.shape
        torch.testing.assert_close(mine, pytorchs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("count", [2, 3])
def test_first_and_second_derivatives_by_differences(count, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 1)
    assert torch.autograd.gradcheck(rescale, inputs((3, 2, 2, 3))[:count])
    assert torch.autograd.gradgradcheck(rescale, inputs((3, 2, 2, 3))[:count])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_gradients_for_large_maps_are_as_exact_as_pytorchs(dtype, memory_format):
    """At the size where only some pictures are multiplied at once, against float64."""
    given_ = inputs((24, 64, 56, 56), dtype=dtype, memory_format=memory_format)
    assert given_[0].numel() * dtype.itemsize > module.AT_ONCE
    gradient = torch.randn(given_[0].shape, generator=torch.Generator().manual_seed(1)).to(dtype)
    exact = (gradient.double() * given_[0].double()).sum((2, 3))
    errors = [
        (torch.autograd.grad(way(*given_), given_[1], gradient)[0][:, :, 0, 0].double() - exact).abs().max().item()
        for way in (rescale, plainly)
    ]
    assert errors[0] <= 2 * errors[1]  # the largest of 1,536: the same roundings, in another order


def test_only_what_is_asked_for_is_computed():
    u, s, shortcut = inputs((2, 3, 4, 4))
    out = rescale(u.detach(), s, shortcut.detach())
    assert is_ours(out)
    (for_s,) = torch.autograd.grad(out.sum(), (s,))
    torch.testing.assert_close(for_s, u.detach().sum((2, 3), keepdim=True))
    out = rescale(u, s.detach(), shortcut)
    for_u, for_shortcut = torch.autograd.grad(out.sum(), (u, shortcut))
    assert torch.equal(for_u, s.detach().expand_as(u))
    assert torch.equal(for_shortcut, torch.ones_like(u))


def test_the_way_back_may_be_gone_twice():
    given_ = inputs((2, 3, 4, 4))
    out = rescale(*given_).pow(2).sum()
    once = torch.autograd.grad(out, given_, retain_graph=True)
    again = torch.autograd.grad(out, given_)
    assert all(map(torch.equal, once, again))


@pytest.mark.parametrize(
    "change",
    {
        "one row of gates for all pictures": lambda u, s, x: (u, s[:1], x),
        "one gate for all": lambda u, s, x: (u, s[:1, :1], x),
        "gates of another dtype": lambda u, s, x: (u, s.float(), x),
        "a shortcut of another dtype": lambda u, s, x: (u.float(), s.float(), x),
        "a shortcut that has to be spread": lambda u, s, x: (u, s, x[:1]),
        "no picture": lambda u, s, x: (u[:0], s[:0], x[:0]),
    }.items(),
    ids=lambda item: item[0],
)
def test_whatever_is_out_of_the_ordinary_is_left_to_pytorch(change):
    given_ = change[1](*inputs((2, 3, 4, 4)))
    out = rescale(*given_)
    assert not is_ours(out)
    torch.testing.assert_close(out, plainly(*given_))
    out.sum().backward()


def test_vmap_and_forward_derivatives_work_as_before():
    u, s, shortcut = (x.detach() for x in inputs((2, 3, 4, 4)))
    got = torch.func.vmap(torch.func.grad(lambda a: rescale(a[None], s[:1], shortcut[:1]).pow(2).sum()))(u)
    expected = torch.func.vmap(torch.func.grad(lambda a: plainly(a[None], s[:1], shortcut[:1]).pow(2).sum()))(u)
    torch.testing.assert_close(got, expected)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(u.requires_grad_(), torch.ones_like(u))
        tangent = forward_ad.unpack_dual(rescale(dual, s, shortcut)).tangent
    torch.testing.assert_close(tangent, s.expand_as(u))


def test_keeps_u_and_the_shortcut_and_a_sum_takes_the_place_of_u_only_where_that_is_allowed():
    u, s, shortcut = inputs((2, 3, 4, 4))
    before = u.detach().clone(), shortcut.detach().clone()
    expected = rescale(u, s, shortcut)
    assert is_ours(reuse.rescale_and_add(u, s, shortcut))
    with torch.no_grad():  # which alone allows nothing: somebody may hold U
        assert torch.equal(reuse.rescale_and_add(u, s, shortcut), expected)
    assert torch.equal(u, before[0])
    assert torch.equal(shortcut, before[1])
    with torch.no_grad(), reuse.inside(quiet=True, allowed=True):
        out = reuse.rescale_and_add(u, s, shortcut)
    assert out.data_ptr() == u.data_ptr()
    assert torch.equal(out, expected)


@pytest.mark.parametrize("shortcut", [False, True])
def test_without_gradients_compiled_and_scripted_it_is_pytorchs(shortcut):
    given_ = inputs((2, 3, 4, 4))[: 3 if shortcut else 2]
    with torch.no_grad():
        assert rescale(*given_).grad_fn is None
    torch.testing.assert_close(torch.jit.script(rescale)(*given_), plainly(*given_))
    torch.compiler.reset()
    compiled = torch.compile(rescale, fullgraph=True, backend="aot_eager")(*given_)
    got, expected = (torch.autograd.grad(out.pow(2).sum(), given_) for out in (compiled, plainly(*given_)))
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("squeeze", ["avg", "max"])
def test_rescale_and_sum_in_one_pass(squeeze):
    torch.manual_seed(0)
    block = SEBlock(6, 2, bias=True, squeeze=squeeze).double()
    u, shortcut = torch.randn(2, 2, 6, 3, 4, dtype=torch.float64).requires_grad_()
    torch.testing.assert_close(block(u, shortcut), block(u) + shortcut, rtol=0, atol=1e-14)
    assert torch.autograd.gradcheck(block, (u, shortcut))
    assert torch.autograd.gradgradcheck(block, (u, shortcut))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_the_squeeze_is_a_mean_in_every_dtype(dtype, memory_format):
    u = (torch.randn(2, 5, 60, 70, dtype=torch.float64) + 30).to(dtype).to(memory_format=memory_format)
    z = mean_of_maps(u)  # in float16 the sum, 126000, would be infinite
    assert z.dtype == dtype
    torch.testing.assert_close(z.double(), u.double().mean((2, 3)), rtol=2 * torch.finfo(dtype).eps, atol=0)


def test_a_shortcut_of_autocasts_other_dtype():
    block, u, shortcut = SEBlock(32, gate="softmax"), torch.randn(2, 32, 5, 6).bfloat16(), torch.randn(2, 32, 5, 6)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(block(u, shortcut), block(u) + shortcut, rtol=0.02, atol=0.02)
