"""What this machine can do. Choices that depend on it are made here, by asking it.

bfloat16 halves memory traffic, and matrix units compute it several times faster than float32. A processor without such units
computes it by converting each value to float32 and back: convolutions then take up to 18 times as long as in float32.
"""

import contextlib
import datetime
import os
import platform
import subprocess
import sys
from pathlib import Path

import torch
import torchvision

# Values of oneDNN's ONEDNN_MAX_CPU_ISA that leave it bfloat16 instructions (oneDNN, "CPU Dispatcher Control").
_BFLOAT16_ISA = {"AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX512_CORE_AMX", "AVX512_CORE_AMX_FP16", "AVX10_1_512", "DEFAULT"}


def processor() -> str:
    """The processor's name, such as ``"AMD EPYC 7763 64-Core Processor"``."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    if sys.platform == "darwin":
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            asked = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(asked, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    return platform.processor() or platform.machine()


def instructions() -> str:
    """The widest vector instructions that PyTorch may use on the processor, such as ``"AVX2"``."""
    capability = torch.backends.cpu.get_cpu_capability()
    named = {"DEFAULT": platform.machine(), "AVX512": "AVX-512"}.get(capability, capability)
    return f"{named} with bfloat16" if bfloat16_is_fast("cpu") else named


def bfloat16_is_fast(device: str | torch.device) -> bool:
    """Whether convolutions in bfloat16 are faster than in float32 on ``device``, by what the hardware says it has.

    On a CPU that takes AVX-512's bfloat16 instructions, AMX, or Arm's. The variables that limit PyTorch and oneDNN to older
    instructions (``ATEN_CPU_CAPABILITY``, ``ONEDNN_MAX_CPU_ISA``) count. False for a device of another kind than CPU or CUDA.
    """
    kind = torch.device(device).type
    if kind == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if kind != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    if platform.machine().lower() in ("arm64", "aarch64"):
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA") or "DEFAULT"
    if limit.upper() not in _BFLOAT16_ISA or not torch.backends.cpu.get_cpu_capability().startswith("AVX512"):
        return False
    # _is_mkldnn_bf16_supported() would be true for any AVX-512, where oneDNN emulates what is missing.
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def use_bfloat16(asked: bool | None, device: str | torch.device) -> bool:
    """Whether to compute in bfloat16: as ``asked``, or, if None, where ``device`` is fast at it."""
    return bfloat16_is_fast(device) if asked is None else asked


def bfloat16_in_words(used: bool, device: str | torch.device) -> str:
    """What follows from :func:`use_bfloat16`, such as ``"bfloat16: slow here, not used"``."""
    return f"bfloat16: {'fast' if bfloat16_is_fast(device) else 'slow'} here, {'used' if used else 'not used'}"


def name(device: str | torch.device = "cpu") -> str:
    """What computes: the accelerator's name, or the processor's with its instructions and the threads in use."""
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{processor()}, {instructions()}, {threads} thread{'s' * (threads > 1)}"


def circumstances(device: str | torch.device = "cpu") -> dict[str, str]:
    """What a result file notes of how it was made: ``date``, ``machine`` and ``versions``."""
    versions = f"Python {platform.python_version()}, torch {torch.__version__}, torchvision {torchvision.__version__}"
    return {"date": datetime.date.today().isoformat(), "machine": name(device), "versions": versions}
