#!/usr/bin/env bash
# timm 1.0.31 with PyTorch 2.14.1, torchvision 0.29.1, CPU. (timm 1.0.21, 1.0.22 and 1.0.24 have the same lines, 1.0.20 doesn't.)
#
# Guess: timm.layers.GatherExcite(64), or create_attn("ge", 64), makes a gather-excite block, one of SE's closest relatives, as
#        create_attn does by se, eca, gc, cbam and the rest.
# Seen:  TypeError: ConvMlp.__init__() got multiple values for argument 'act_layer'. The class passes {"device": ..., "dtype": ...}
#        to its layers by *dd instead of **dd, and so the two names as positional arguments. Only blocks without weights can be made
#        (use_mlp=False, with extra_params=False). No model in timm uses the class, so nothing else shows it.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet "torch==2.14.1" "torchvision==0.29.1" "timm==1.0.31" numpy
"$place/venv/bin/python" - <<'PY'
import timm
import torch
from timm.layers import GatherExcite, create_attn

x, said = torch.randn(2, 64, 8, 8), []
for name in "se ese eca ecam ceca gc gca cbam lcbam sk nl".split():
    assert create_attn(name, 64)(x).shape == x.shape, name
gathered = {"extra_params": True, "feat_size": (8, 8), "use_mlp": False}
for options in ({}, {"extent": 2}, {"extra_params": True, "extent": 2}, gathered):
    try:
        create_attn("ge", 64, **options)
    except TypeError as error:
        said.append(str(error))
    else:
        raise AssertionError(f"GatherExcite(64, {options}) can be made")
print(f"timm {timm.__version__}:", *said, sep="\n")
assert all("got multiple values for argument" in each for each in said), said
for extent in (0, 2):  # without weights it works
    assert GatherExcite(64, extent=extent, use_mlp=False)(x).shape == x.shape
PY
