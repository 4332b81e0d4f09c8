#!/usr/bin/env bash
# grad-cam 1.5.7 (pytorch_grad_cam), torchcam 0.5.0, Captum 0.9.0, timm 1.0.31, PyTorch 2.14.1, CPU.
#
# Guess: with an SE module of timm's SE-ResNet as target layer, Grad-CAM weighs what that module gives, the rescaled maps v = s * u.
# Seen:  grad-cam and torchcam keep the tensor, not a copy, and timm then adds the shortcut to it and takes the ReLU, both in place. So they
#        weight the whole block's output by the gradient with respect to v. With random weights, their map has nothing to do with the right
#        one: the correlation is near 0. No warning. Captum's LayerGradCam copies, and is right.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" "torchvision==0.29.1" "timm==1.0.31" "captum==0.9.0" \
    "grad-cam==1.5.7" "torchcam==0.5.0" numpy
"$place/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import pytorch_grad_cam
import timm
import torch
import torchcam.methods
from captum.attr import LayerGradCam
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

torch.manual_seed(0)
model = timm.create_model("seresnet18", num_classes=5, zero_init_last=False).eval()
x, block = torch.randn(1, 3, 64, 64), model.layer3[-1]


def cam(maps, gradient):
    return (gradient.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True)


seen = {}
hooks = [
    block.se.register_forward_hook(lambda _, __, out: (out.retain_grad(), seen.update(kept=out), out.clone())[-1]),
    block.register_forward_hook(lambda _, __, out: seen.update(block=out.detach().clone())),
]
model(x)[0, 1].backward()
for each in hooks:
    each.remove()
v, slope = seen["kept"].detach(), seen["kept"].grad
right = cam(v, slope)

with pytorch_grad_cam.GradCAM(model=model, target_layers=[block.se]) as tool:
    tool(input_tensor=x, targets=[ClassifierOutputTarget(1)])
    kept = {"grad-cam": tool.activations_and_grads.activations[0].detach()}
tool = torchcam.methods.GradCAM(model, target_layer=block.se)
tool(1, model(x))
kept["torchcam"] = tool.hook_a[0].detach()
tool.remove_hooks()
captum = LayerGradCam(model, block.se).attribute(x, target=1).detach()

for name, maps in kept.items():
    alike = torch.corrcoef(torch.stack([cam(maps, slope).flatten(), right.flatten()]))[0, 1]
    print(f"{name} {version(name)}: maps from {maps.min():.3f} (v from {v.min():.3f}), correlation with the right map {alike:.2f}")
    assert v.min() < -0.1
    assert torch.equal(maps, seen["block"]), f"{name} no longer keeps the block's output"
    assert alike < 0.5
print(f"captum {version('captum')}: off by {(captum - right).abs().max():.1e}")
assert torch.allclose(captum, right, rtol=1e-4, atol=1e-7)
PY
