"""What ``preflight`` tries out: the processor, a widget, the trained networks, and a few steps of training.

Each trial says in words what it found, or raises :class:`Missing`. PyTorch is imported only within a trial.
"""

import time

LIVE = "minute"  # the study whose training the chapter Training one runs live
NETWORK = "se_resnet_patchwork"  # whose test pictures are made by code, so that its recorded answer is available anywhere
INSTALL = "python -m pip install"
TORCH = f"{INSTALL} --force-reinstall torch torchvision"
REINSTALL = (
    f'install the package again: {INSTALL} --force-reinstall --no-deps "senet @ git+https://github.com/squeeze-excite/senet-book"'
)


class Missing(Exception):
    """What is wrong, and what to do about it."""

    def __init__(self, said: str, remedy: str) -> None:
        super().__init__(said)
        self.remedy = remedy


def processor() -> str:
    """What computes here, and what follows for the book's trainings. Nothing about it can be missing."""
    from senet import machine

    return f"{machine.name()}; {machine.bfloat16_in_words(machine.use_bfloat16(None, 'cpu'), 'cpu')}"


def widgets() -> str:
    """The widgets' scripts are there, and a widget can be made."""
    from ..widgets import Cost
    from ..widgets.view import STATIC

    missing = [name for name in ("widget.js", "widgets.css") if not (STATIC / name).exists()]
    if missing:
        raise Missing(f"the widgets' {' and '.join(missing)} are missing", f"in a checkout: make book. Else {REINSTALL}")
    Cost()
    return "the widgets' scripts are there, and a widget can be made"


def weights() -> str:
    """All shipped networks are whole, and one of them gives the answers that were recorded when it was made."""
    from senet import pretrained, training
    from senet.images.patchwork import patchwork

    shipped = [name for name in pretrained.names() if pretrained.get(name).url is None]
    if NETWORK not in shipped:
        raise Missing("the trained networks are missing", REINSTALL)
    try:
        models = {name: pretrained.load(name, progress=False) for name in shipped}
    except pretrained.CheckpointError as error:
        raise Missing(str(error), REINSTALL) from error
    checkpoint = pretrained.get(NETWORK)
    recorded = checkpoint.provenance
    measured = training.evaluate(models[NETWORK], patchwork(recorded["test_pictures"], 2), checkpoint.preprocessing)
    off = max(abs(measured["accuracy"] - recorded["test_accuracy"]), abs(measured["loss"] - recorded["test_loss"]))
    if not off < 0.005:
        said = f"{measured['accuracy']:.1%} right, loss {measured['loss']:.4f}; recorded are {recorded['test_accuracy']:.1%}"
        raise Missing(f"{NETWORK} answers otherwise than recorded: {said}, loss {recorded['test_loss']:.4f}", TORCH)
    return f"{len(shipped)} trained networks are whole; {NETWORK} answers as recorded ({measured['accuracy']:.1%} right)"


def training() -> str:
    """Eight steps of the live training: the loss is a number, and falls. Their time tells how long all steps will take."""
    import torch
    import torch.nn.functional as F

    from senet.images.patchwork import patchwork
    from senet.pretrained import ARCHITECTURES

    from ..experiments.studies import STUDIES

    live = STUDIES[LIVE]
    state = torch.random.get_rng_state()
    torch.manual_seed(0)
    model = ARCHITECTURES[live.architecture](num_classes=10, **live.arms[0].arguments)
    pictures = patchwork(live.recipe.batch_size, 1)
    x, losses = (pictures.images / 255 - 0.7) / 0.26, []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    took = []
    for _ in range(8):
        began = time.perf_counter()
        loss = F.cross_entropy(model(x), pictures.labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        took.append(time.perf_counter() - began)
    torch.random.set_rng_state(state)
    steps = len(live.arms) * live.recipe.epochs * live.pictures / live.recipe.batch_size
    seconds = 1.25 * steps * min(took)  # evaluation after each epoch adds about a quarter
    if not losses[-1] < losses[0]:
        raise Missing(f"a training of eight steps took the loss from {losses[0]:.2f} to {losses[-1]:.2f}", TORCH)
    went = f"its loss went from {losses[0]:.2f} to {losses[-1]:.2f} in eight steps"
    return f"a tiny SE-ResNet trains: {went}; the live training will take about {_rounded(seconds)} here"


def _rounded(seconds: float) -> str:
    """In steps of 10 seconds, or in whole minutes from two on."""
    return f"{max(10, 10 * round(seconds / 10))} s" if seconds < 120 else f"{round(seconds / 60)} minutes"
