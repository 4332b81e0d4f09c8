"""The SE block against the paper's equations, written once more in NumPy and float64."""

import ast
import inspect
import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from senet.arguments import at_least_one, one_of, some_of
from senet.models.se import GATES, SQUEEZES, SEBlock, hidden_width

GATE_FORMULAS = {
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "softmax": lambda a: np.exp(a - a.max(1, keepdims=True)) / np.exp(a - a.max(1, keepdims=True)).sum(1, keepdims=True),
}
SQUEEZE_FORMULAS = {"avg": lambda u: u.mean((2, 3)), "max": lambda u: u.max((2, 3))}

options = st.fixed_dictionaries(
    {
        "reduction": st.integers(1, 40),
        "bias": st.booleans(),
        "gate": st.sampled_from(sorted(GATES)),
        "squeeze": st.sampled_from(SQUEEZES),
        "min_hidden": st.integers(1, 12),
    }
)
shapes = st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 7), st.integers(1, 7))


@settings(max_examples=150, deadline=None)
@given(shape=shapes, options=options, seed=st.integers(0, 2**31))
def test_computes_the_papers_equations(shape, options, seed):
    torch.manual_seed(seed)
    block = SEBlock(shape[1], **options).double()
    u = torch.randn(shape, dtype=torch.float64)
    z, s, out = block.squeeze(u), block.excite(block.squeeze(u)), block(u)

    w1, w2 = block.fc1.weight.detach().numpy(), block.fc2.weight.detach().numpy()
    b1, b2 = (layer.bias.detach().numpy() if options["bias"] else 0.0 for layer in (block.fc1, block.fc2))
    expected_z = SQUEEZE_FORMULAS[options["squeeze"]](u.numpy())
    expected_s = GATE_FORMULAS[options["gate"]](np.maximum(expected_z @ w1.T + b1, 0) @ w2.T + b2)
    expected = u.numpy() * expected_s[:, :, None, None]

    assert z.shape == s.shape == shape[:2]
    for got, wanted in ((z, expected_z), (s, expected_s), (out, expected)):
        np.testing.assert_allclose(got.detach().numpy(), wanted, rtol=0, atol=1e-12)
    assert (block.fc1.bias is not None) == (block.fc2.bias is not None) == options["bias"]


@settings(max_examples=100, deadline=None)
@given(channels=st.integers(1, 4096), reduction=st.integers(1, 5000), min_hidden=st.integers(1, 64))
def test_the_hidden_layer_is_never_empty_and_never_wider_than_the_channels(channels, reduction, min_hidden):
    width = hidden_width(channels, reduction, min_hidden)
    assert min(min_hidden, channels) <= width <= channels
    assert width == channels // reduction or width in (min_hidden, channels)


@pytest.mark.parametrize("channels", [64, 128, 256, 512, 1024, 2048])
def test_the_default_least_width_changes_no_network_of_the_paper(channels):
    for reduction in (2, 4, 8, 16):
        assert hidden_width(channels, reduction) == channels // reduction


def test_parameters_are_those_of_the_two_matrices():
    assert sum(p.numel() for p in SEBlock(256, 16).parameters()) == 2 * 256 * 256 // 16
    assert sum(p.numel() for p in SEBlock(256, 16, bias=True).parameters()) == 2 * 256 * 256 // 16 + 256 + 16


@pytest.mark.parametrize("gate", sorted(GATES))
@pytest.mark.parametrize("squeeze", SQUEEZES)
def test_gradients(gate, squeeze):
    torch.manual_seed(0)
    block = SEBlock(6, 2, bias=True, gate=gate, squeeze=squeeze).double()
    u = torch.randn(2, 6, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(block, u)
    parameters = [parameter.detach().clone().requires_grad_() for parameter in block.parameters()]
    names = [name for name, _ in block.named_parameters()]

    def of_parameters(*values):
        return torch.func.functional_call(block, dict(zip(names, values, strict=True)), (u.detach(),))

    assert torch.autograd.gradcheck(of_parameters, parameters)


def test_steps_are_what_forward_does_and_can_be_called_alone():
    torch.manual_seed(0)
    block, u = SEBlock(32), torch.randn(2, 32, 5, 6)
    assert torch.equal(block(u), block.rescale(u, block.excite(block.squeeze(u))))
    assert torch.equal(block.rescale(u, torch.ones(2, 32)), u)
    assert torch.equal(block.rescale(u, torch.zeros(2, 32)), torch.zeros_like(u))


def test_softmax_lets_channels_compete_and_sigmoid_does_not():
    torch.manual_seed(0)
    z = torch.randn(4, 16)
    torch.testing.assert_close(SEBlock(16, gate="softmax").excite(z).sum(1), torch.ones(4))
    block = SEBlock(16, bias=True)
    torch.nn.init.constant_(block.fc2.bias, 20.0)
    assert (block.excite(z) > 0.99).all()  # all channels at once


def test_works_on_one_pixel_and_keeps_its_input():
    torch.manual_seed(0)
    block, u = SEBlock(8), torch.randn(1, 8, 1, 1)
    before = u.clone()
    assert torch.equal(block.squeeze(u), u[:, :, 0, 0])
    block(u)
    assert torch.equal(u, before)


@pytest.mark.parametrize("squeeze", SQUEEZES)
def test_keeps_dtype_memory_format_and_autocast(squeeze):
    torch.manual_seed(0)
    block, u = SEBlock(32, squeeze=squeeze), torch.randn(2, 32, 5, 6).to(memory_format=torch.channels_last)
    assert block(u).is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(block(u), block(u.contiguous()))
    with torch.autocast("cpu", torch.bfloat16):
        out = block(u.bfloat16())
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), block(u), rtol=0.05, atol=0.05)
    assert block.bfloat16()(u.bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize("gate", sorted(GATES))
def test_scripts_and_compiles(gate):
    torch.manual_seed(0)
    block, u = SEBlock(32, gate=gate, squeeze="max"), torch.randn(2, 32, 5, 6)
    torch.testing.assert_close(torch.jit.script(block)(u), block(u))
    torch.compiler.reset()
    torch.testing.assert_close(torch.compile(block, fullgraph=True, backend="aot_eager")(u), block(u))


def test_the_same_seed_gives_the_same_block():
    torch.manual_seed(3)
    first = SEBlock(32).state_dict()
    torch.manual_seed(3)
    assert all(torch.equal(value, first[name]) for name, value in SEBlock(32).state_dict().items())


def test_repr_shows_channels_and_reduction():
    text = repr(SEBlock(256, 8, squeeze="max"))
    assert "C=256" in text
    assert "r=8" in text
    assert "max" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"channels": 0}, "channels=0 has to be a whole number of at least 1"),
        ({"channels": -3}, "channels=-3"),
        ({"channels": 2.5}, "channels=2.5"),
        ({"channels": True}, "channels=True"),
        ({"channels": 8, "reduction": 0}, "reduction=0"),
        ({"channels": 8, "reduction": math.inf}, "reduction=inf"),
        ({"channels": 8, "min_hidden": 0}, "min_hidden=0"),
        ({"channels": 8, "gate": "hard"}, "gate='hard' is unknown: choose one of 'sigmoid', 'tanh', 'relu', 'softmax'"),
        ({"channels": 8, "squeeze": "median"}, "squeeze='median' is unknown: choose one of 'avg', 'max'"),
    ],
)
def test_refuses(arguments, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        SEBlock(**arguments)


@pytest.mark.parametrize("number", [np.int64, np.int32, np.uint8])
def test_numpys_whole_numbers_are_numbers(number):
    block = SEBlock(number(64), reduction=number(16), min_hidden=number(2))
    assert (block.channels, block.reduction, block.fc1.out_features) == (64, 16, 4)
    assert {type(block.channels), type(block.reduction)} == {int}


def test_the_block_reads_in_one_breath():
    """Its code without its docstrings: squeeze, excite, rescale, forward, and nothing else."""
    tree = ast.parse(inspect.getsource(SEBlock))
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            node.body = node.body[1:]
    assert len(ast.unparse(tree).splitlines()) <= 40
    assert not re.search("hook|cache|fx|jit|compil|overwrit", ast.unparse(tree))


def test_the_checks_pass_what_is_right():
    at_least_one(a=1, b=10**9)
    assert some_of((1, 2, 3), stages=(i for i in (1, 3))) == (1, 3)
    one_of(("x", "y"), a="x")
