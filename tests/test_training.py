"""The training loop learns, repeats itself, goes on where it was, and stops in words."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from senet import training
from senet.images.patchwork import patchwork
from senet.models.cifar import small_resnet
from senet.pretrained import Preprocessing
from senet.training import Recipe, augmentation

PREPROCESS = Preprocessing(32, (0.5,) * 3, (0.25,) * 3)
QUICK = Recipe(epochs=3, batch_size=20, peak_rate=0.1, bf16=False)


@pytest.fixture(scope="module")
def pictures():
    return patchwork(120, 3)


def network(seed=0):
    torch.manual_seed(seed)
    return small_resnet((1,), (8,), num_classes=10)


def same(a, b) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_learns_something(pictures):
    model = network()
    before = training.evaluate(model, pictures, PREPROCESS)
    history = training.fit(model, pictures, pictures, replace(QUICK, epochs=8, flip=False), PREPROCESS, progress=False)
    assert [record["epoch"] for record in history] == list(range(1, 9))
    assert history[-1]["test_loss"] < before["loss"] - 0.3
    after = training.evaluate(model, pictures, PREPROCESS)
    assert after["accuracy"] == history[-1]["test_accuracy"]
    assert not model.training


def test_same_seed_same_weights(pictures):
    models = [network(), network(), network()]
    for model, seed in zip(models, (0, 0, 1), strict=True):
        training.fit(model, pictures, None, replace(QUICK, epochs=1, seed=seed), PREPROCESS, progress=False)
    assert same(models[0], models[1])
    assert not same(models[0], models[2])


def test_loss_that_is_not_finite_stops(pictures, tmp_path):
    model = network()
    with torch.no_grad():
        model.fc.weight[0, 0] = torch.nan
    with pytest.raises(FloatingPointError, match=r"epoch 1, step 1: lower peak_rate=0\.1"):
        training.fit(model, pictures, None, QUICK, PREPROCESS, checkpoint=tmp_path / "run.pt", progress=False)
    assert not (tmp_path / "run.pt").exists()


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"epochs": 0}, "epochs=0"),
        ({"batch_size": 1}, "batch_size=1"),
        ({"peak_rate": 0.0}, "peak_rate=0.0"),
        ({"peak_rate": float("nan")}, "peak_rate=nan"),
        ({"label_smoothing": 1.0}, "label_smoothing=1.0"),
        ({"shift": -1}, "shift=-1"),
    ],
)
def test_bad_recipes(bad, words):
    with pytest.raises(ValueError, match=words):
        Recipe(**bad)


def test_bad_pictures(pictures):
    with pytest.raises(ValueError, match="120 pictures do not fill"):
        training.fit(network(), pictures, None, Recipe(batch_size=121), PREPROCESS)
    with pytest.raises(ValueError, match="4 steps in all are too few"):
        training.fit(network(), pictures, None, Recipe(epochs=4, batch_size=100), PREPROCESS)
    unlabelled = replace(pictures, labels=torch.full((120,), -1))
    with pytest.raises(ValueError, match="no label"):
        training.fit(network(), unlabelled, None, QUICK, PREPROCESS)


@given(n=st.integers(1, 5), shift=st.integers(0, 4), flip=st.booleans(), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_augmented_pictures_are_shifted_or_mirrored_ones(n, shift, flip, seed):
    images = torch.randint(1, 256, (n, 3, 9, 9), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))
    out = augmentation.augment(images, shift, flip, torch.Generator().manual_seed(seed))
    assert out.shape == images.shape
    padded = torch.nn.functional.pad(images, (shift,) * 4)
    for i in range(n):
        windows = [padded[i, :, y : y + 9, x : x + 9] for y in range(2 * shift + 1) for x in range(2 * shift + 1)]
        windows += [w.flip(2) for w in windows] if flip else []
        assert any(torch.equal(out[i], w) for w in windows)


def test_flips_half_of_them():
    images = torch.arange(27, dtype=torch.uint8).view(1, 3, 3, 3).expand(2000, 3, 3, 3)
    out = augmentation.augment(images, 0, True, torch.Generator().manual_seed(0))
    share = (out != images).flatten(1).any(1).float().mean()
    assert 0.45 < share < 0.55  # four standard errors of 2,000 coins are 0.045


def test_decay_by_kind_of_parameter():
    """Convolutions and the classifier as the recipe says, SE's two layers by their own number, vectors not at all."""
    model = network()
    recipe = training.Recipe(weight_decay=1e-3, se_decay=1e-5)
    groups = training.sgd(model, recipe).param_groups
    decays = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    assert sum(len(group["params"]) for group in groups) == len(decays) == len(list(model.parameters()))
    for name, parameter in model.named_parameters():
        expected = 0 if parameter.ndim == 1 else 1e-5 if ".se." in name else 1e-3
        assert decays[id(parameter)] == expected, name


@pytest.mark.parametrize("epochs", [1, 3, 20])
def test_pictures_grow_to_their_own_size(epochs):
    sides = [training.Recipe(epochs=epochs, grow_from=32).side(epoch, 64) for epoch in range(epochs)]
    assert sides == sorted(sides)
    assert sides[0] == 32
    assert set(sides) <= {32, 40, 48, 56, 64}
    assert all(side == 64 for epoch, side in enumerate(sides) if epoch >= 0.75 * epochs)
    assert training.Recipe(epochs=epochs).side(0, 64) == 64


def test_the_last_side_can_be_smaller_than_the_pictures():
    recipe = training.Recipe(epochs=36, grow_from=32, grow_to=48)
    sides = [recipe.side(epoch, 64) for epoch in range(36)]
    assert sides == sorted(sides)
    assert sorted(set(sides)) == [32, 40, 48]
    assert all(side == 48 for side in sides[27:])
    assert training.Recipe(grow_to=24).side(0, 32) == 24


def test_a_cut_that_keeps_all_is_the_picture():
    pictures = torch.rand(3, 3, 16, 16)
    whole = augmentation.cut(pictures, 1.0, 16, torch.Generator().manual_seed(0))
    torch.testing.assert_close(whole, pictures, atol=1e-5, rtol=0)  # interpolation between a pixel and itself


@settings(max_examples=30, deadline=None)
@given(zoom=st.floats(0.1, 1), side=st.integers(4, 40), seed=st.integers(0, 99))
def test_a_cut_lies_within_the_picture(zoom, side, seed):
    """A ramp from left to right and one from top to bottom: what comes out says where it was cut."""
    ramp = torch.linspace(-1, 1, 32)
    pictures = torch.stack([ramp.expand(32, 32), ramp[:, None].expand(32, 32), torch.zeros(32, 32)]).expand(4, 3, 32, 32)
    out = augmentation.cut(pictures, zoom, side, torch.Generator().manual_seed(seed))
    assert out.shape == (4, 3, side, side)
    assert out.abs().max() <= 1 + 1e-5
    for kept in (out[:, 0, 0, -1] - out[:, 0, 0, 0], out[:, 1, -1, 0] - out[:, 1, 0, 0]):
        assert (kept <= 2 + 1e-5).all()
        assert (kept >= 2 * (zoom * (1 - 1 / side) - 1 / 16)).all()  # a share of zoom or more, less half a pixel at either end


@pytest.mark.parametrize(("change", "says"), [({"zoom": 0.0}, "zoom=0.0 has to be"), ({"grow_from": -8}, "grow_from=-8 has to be")])
def test_a_recipe_refuses_cuts_and_sizes_that_cannot_be(change, says):
    with pytest.raises(ValueError, match=says):
        training.Recipe(**change)


@pytest.mark.parametrize("backend", ["eager"])
def test_compiled_run_takes_the_same_steps(pictures, tmp_path, backend):
    """Through a backend that only captures the graph: what is checked is what is captured, trained and saved."""
    plain, compiled = network(), network()
    training.fit(plain, pictures, pictures, replace(QUICK, epochs=2), PREPROCESS, progress=False)
    file = tmp_path / "run.pt"
    training.fit(
        compiled, pictures, pictures, replace(QUICK, epochs=2), PREPROCESS, checkpoint=file, compiled=backend, progress=False
    )
    assert same(plain, compiled)
    assert list(torch.load(file, weights_only=True)["model"]) == list(plain.state_dict())  # no "_orig_mod." in front


def test_pictures_that_stay_where_they_are(pictures, monkeypatch):
    models = [network(), network()]
    training.fit(models[0], pictures, None, QUICK, PREPROCESS, progress=False)
    monkeypatch.setattr(training, "_fits", lambda images, device: False)
    training.fit(models[1], pictures, None, QUICK, PREPROCESS, progress=False)
    assert same(*models)
