"""A training step as an ONNX graph: what it computes is what PyTorch does, and a seed makes in a page what it makes here."""

import copy
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sebook.experiments.studies import STUDIES
from sebook.pages import train_products, train_step, trainer
from senet.images import statistics
from senet.images.patchwork import patchwork
from senet.inside.recording import record
from senet.models.cifar import se_resnet20, small_resnet
from senet.pretrained import Preprocessing
from senet.training import Recipe, sgd

ort = pytest.importorskip("onnxruntime")
RECIPE = STUDIES["minute"].recipe
DRAWN = Path(__file__).parents[1] / "frontend" / "test" / "drawn.json"


def rates(steps: int) -> list[list[float]]:
    """Rate and momentum of each step of a recipe's schedule."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=steps, pct_start=0.25)
    told = []
    for _ in range(steps):
        told.append([optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]])
        optimizer.step()
        schedule.step()
    return told


SCHEDULE = rates(1500)  # of the chapter's run


@pytest.fixture(scope="module")
def pictures():
    return patchwork(64, seed=1)


def networks():
    small = {"num_classes": 10, "min_hidden": 1, "stem_stride": 2, "widths": (8, 16, 32)}
    yield "with SE", lambda: small_resnet((1, 1, 1), reduction=4, **small), 50, {}
    yield "without", lambda: small_resnet((1, 1, 1), reduction=None, **small), 5, {}
    yield "CIFAR", se_resnet20, 3, {"label_smoothing": 0.1, "batch_size": 8}
    yield "max, bias", lambda: small_resnet((1,), (8,), reduction=2, squeeze="max", bias=True, gate="tanh", placement="pre"), 2, {}


def session(data: bytes):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(data, options)


@pytest.mark.parametrize("make, steps, changed", [n[1:] for n in networks()], ids=[n[0] for n in networks()])
def test_every_step_is_that_of_pytorch(make, steps, changed, pictures):
    """Each step begins where PyTorch is: a pixel that a rounding error moves over a ReLU's corner would part two runs for good."""
    torch.manual_seed(0)
    model, preprocess = make(), Preprocessing(32, *statistics(pictures))
    recipe = Recipe(**{**vars(RECIPE), "se_decay": 0.001, **changed})
    step = train_step.Step(model, recipe, preprocess, 10)
    run, optimizer = session(train_step.step_onnx(step)), sgd(model, recipe)
    momenta, batch = np.zeros(len(train_step.rows(model)[0]), np.float32), recipe.batch_size
    for k in range(steps):
        some = torch.arange(k, k + batch) % len(pictures)
        images, labels = pictures.images[some], pictures.labels[some]
        rate, momentum = SCHEDULE[k]
        weights, stats = (row.numpy() for row in train_step.rows(model))
        feed = {"weights": weights, "momenta": momenta, "statistics": stats, "pictures": images.numpy()}
        feed |= {"labels": labels.int().numpy(), "rate": np.array(rate, np.float32), "momentum": np.array(momentum, np.float32)}
        told = dict(zip((o.name for o in run.get_outputs()), run.run(None, feed), strict=True))
        for group in optimizer.param_groups:
            group.update(lr=rate, momentum=momentum)
        logits = model(preprocess(images))
        loss = F.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        momenta = torch.cat([optimizer.state[p]["momentum_buffer"].flatten() for p in model.parameters()]).numpy()
        weights, stats = (row.numpy() for row in train_step.rows(model))
        np.testing.assert_allclose(told["weights.next"], weights, rtol=0, atol=1e-5)
        np.testing.assert_allclose(told["momenta.next"], momenta, rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(told["statistics.next"], stats, rtol=1e-5, atol=1e-5)
        assert told["loss"] == pytest.approx(loss.item(), abs=1e-5)
        assert told["right"] == (logits.argmax(1) == labels).sum()


@pytest.mark.parametrize("schedule, bound", [([[0.001, 0.9]] * 50, 1e-4), (rates(992), 2.5e-3)], ids=["small", "quick recipe"])
def test_fifty_steps_end_where_float64_does(pictures, schedule, bound):
    """The graph goes on from what it gave itself, as a page does. At a small rate no rounding error grows. By the quick recipe,
    PyTorch's steps in two memory formats end as far apart as the second bound (data/results/page-training.json)."""
    torch.manual_seed(0)
    model, preprocess = next(networks())[1](), Preprocessing(32, *statistics(pictures))
    run = session(train_step.step_onnx(train_step.Step(copy.deepcopy(model), RECIPE, preprocess, 10)))
    weights, stats = (row.numpy() for row in train_step.rows(model))
    started, momenta = weights, np.zeros_like(weights)
    model, batch = model.double(), RECIPE.batch_size
    optimizer = sgd(model, RECIPE)
    for k in range(50):
        rate, momentum = schedule[k]
        for group in optimizer.param_groups:
            group.update(lr=rate, momentum=momentum)
        some = torch.arange(k * batch, (k + 1) * batch) % len(pictures)
        images, labels = pictures.images[some], pictures.labels[some]
        feed = {"weights": weights, "momenta": momenta, "statistics": stats, "pictures": images.numpy()}
        feed |= {"labels": labels.int().numpy(), "rate": np.array(rate, np.float32), "momentum": np.array(momentum, np.float32)}
        weights, momenta, stats = run.run(["weights.next", "momenta.next", "statistics.next"], feed)
        optimizer.zero_grad()
        F.cross_entropy(model(preprocess(images).double()), labels).backward()
        optimizer.step()
    true_weights, true_stats = (row.numpy() for row in train_step.rows(model))
    assert np.abs(true_weights - started).max() > 0.01  # they have moved
    np.testing.assert_allclose(weights, true_weights, rtol=0, atol=bound)
    np.testing.assert_allclose(stats, true_stats, rtol=bound, atol=bound)


@pytest.mark.parametrize(
    "size, kernel, stride, padding",
    [
        ((8, 8), (3, 3), (1, 1), (1, 1)),
        ((9, 6), (3, 3), (2, 2), (1, 1)),
        ((7, 10), (2, 3), (1, 2), (0, 1)),
        ((5, 8), (1, 3), (1, 1), (0, 2)),
    ],
)
def test_few_products_are_a_convolution_and_its_way_back(size, kernel, stride, padding):
    luck = torch.Generator().manual_seed(0)
    x, w = (torch.randn(shape, generator=luck, requires_grad=True) for shape in ((2, 5, *size), (4, 5, *kernel)))
    true = F.conv2d(x.double(), w.double(), stride=stride, padding=padding)
    g = torch.randn(true.shape, generator=luck)
    slopes = torch.autograd.grad(true, (x, w), g.double())
    few = train_products.FewProducts(size, kernel, stride, padding)
    mine = few.forward(x, w), few.slope_of_x(g, w), few.slope_of_w(g, x, w.shape)
    for found, exact in zip(mine, (true, *slopes), strict=True):
        assert (found - exact).abs().max() < 3e-6 * exact.abs().max()


def test_few_products_are_taken_where_they_are_less_arithmetic():
    def taken(channels, side, kernel=3):
        sizes = (1, channels, side, side), (channels, channels, kernel, kernel)
        return train_products.few(*map(torch.zeros, sizes), (1, 1), (kernel // 2, kernel // 2)) is not None

    assert taken(64, 4) and taken(16, 16)
    assert not taken(16, 32) and not taken(3, 16)  # a longer row, or fewer channels: the matrices of the way there cost more
    assert not taken(64, 8, kernel=1) and not taken(64, 8, kernel=5)


def test_the_second_graph_answers_as_the_network_does(pictures):
    torch.manual_seed(0)
    model, preprocess = small_resnet((1, 1), (8, 16), reduction=4, stem_stride=2), Preprocessing(32, *statistics(pictures))
    asked = session(train_step.asked_onnx(train_step.Step(model, RECIPE, preprocess, 10), 4))
    weights, stats = (row.numpy() for row in train_step.rows(model))
    logits, *gates = asked.run(None, {"weights": weights, "statistics": stats, "pictures": pictures.images[:4].numpy()})
    recorded = record(model.eval(), preprocess(pictures.images[:4]))
    np.testing.assert_allclose(logits, recorded.logits.detach(), atol=1e-5)
    assert [out.name for out in asked.get_outputs()[1:]] == [f"{name}/s" for name in recorded.blocks]
    for mine, block in zip(gates, recorded.blocks.values(), strict=True):
        np.testing.assert_allclose(mine, block.excitation.detach(), atol=1e-6)


def test_a_network_that_was_trained_is_a_file_for_others(pictures):
    torch.manual_seed(0)
    model, preprocess = next(networks())[1](), Preprocessing(32, *statistics(pictures))
    data, places = train_step.network_onnx(train_step.Step(model, RECIPE, preprocess, 10))
    with torch.no_grad():
        model(preprocess(pictures.images[:32]))  # so that its statistics are its own
    state = model.eval().state_dict()
    assert {name for name, tensor in state.items() if tensor.is_floating_point()} == set(places)
    for name, at in places.items():  # as frontend/src/training/network-file.ts does
        values = state[name].numpy().tobytes()
        assert not any(data[at : at + len(values)])
        data = data[:at] + values + data[at + len(values) :]
    logits = session(data).run(None, {"picture": pictures.images[:1].float().numpy()})[0]
    np.testing.assert_allclose(logits, model(preprocess(pictures.images[:1])).detach(), atol=1e-5)


def test_what_has_no_rule_is_refused_by_name():
    class Odd(nn.Module):
        def forward(self, x):
            return (torch.erfinv(x),)

    with pytest.raises(NotImplementedError, match="erfinv.*sebook.pages.traced_onnx"):
        train_step._file(Odd(), (torch.zeros(2),), ["x"], ["y"])
    grouped = nn.Sequential(nn.Conv2d(2, 2, 3, groups=2), nn.Flatten(), nn.Linear(1800, 2))
    grouped[0].weight.data = grouped[0].weight.data.repeat(1, 1, 1, 1)
    with pytest.raises(NotImplementedError, match="groups"):
        train_step.train_gradients.convolution_backward(
            *[torch.zeros(1, 2, 3, 3)] * 3, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 2, [True] * 3
        )


def test_files_are_small_and_say_how_a_seed_begins(pictures):
    told = trainer.described("se", pictures)
    assert len(json.dumps(told)) < 80_000
    torch.manual_seed(3)
    model = small_resnet(num_classes=10, **told["arguments"])
    torch.manual_seed(3)
    parts = {}
    for part in told["draws"]:
        if part["kind"] == "fill":
            numbers = torch.full((part["count"],), part["a"])
        else:
            numbers = getattr(torch.empty(part["count"]), f"{part['kind']}_")(part["a"], part["b"])
        if part["to"]:
            parts[part["to"]] = numbers
    for name, parameter in model.named_parameters():
        assert torch.equal(parts[name], parameter.detach().flatten()), name


def test_the_page_draws_what_python_draws():
    """The front end's own test compares with the same file."""
    told = json.loads(DRAWN.read_text("utf-8"))
    made = patchwork(told["patchwork"]["pictures"], seed=told["patchwork"]["seed"])
    assert hashlib.sha256(made.images.numpy().tobytes()).hexdigest() == told["patchwork"]["sha256"]
    assert made.labels.tolist() == told["patchwork"]["labels"]
    luck = torch.Generator().manual_seed(told["torch"]["seed"])
    assert torch.randperm(12, generator=luck).tolist() == told["torch"]["order"]
    assert torch.randint(9, (5,), generator=luck).tolist() == told["torch"]["whole"]
    np.testing.assert_allclose(torch.rand(3, generator=luck), told["torch"]["unit"], rtol=1e-7)
    np.testing.assert_allclose(torch.empty(20).normal_(1, 2, generator=luck), told["torch"]["normal"], atol=5e-6)
    np.testing.assert_allclose(rates(10), told["rates"], rtol=1e-9)
