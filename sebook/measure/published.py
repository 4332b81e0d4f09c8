"""The paper's own figures that the book sets beside its own: typed in, each with its place in the paper.

Hu, Shen, Albanie, Sun, Wu: *Squeeze-and-Excitation Networks*, arXiv 1709.01507, the longer version. Errors are in percent, of one
crop of ImageNet's validation pictures; each is from one training run. Baselines differ between the paper's tables (another
schedule, label smoothing): numbers of one table may be compared, numbers of two may not.
"""

# Ablations of SE-ResNet-50: top-1 error, top-5 error, parameters in millions (None where none are given).
WITHOUT_SE = (23.30, 6.55, 25.6)
BY_REDUCTION = {  # its ablation of the reduction ratio
    2: (22.29, 6.00, 45.7),
    4: (22.25, 6.09, 35.7),
    8: (22.26, 5.99, 30.7),
    16: (22.28, 6.03, 28.1),
    32: (22.72, 6.20, 26.9),
}
BY_SQUEEZE = {  # its ablation of the squeeze operator; "none" is from its section on the role of squeeze
    "avg": (22.28, 6.03, None),
    "max": (22.57, 6.09, None),
    "none": (22.93, 6.39, None),
}
BY_PLACEMENT = {  # its ablation of where the block is put, at r = 16
    "standard": (22.28, 6.03, None),
    "pre": (22.23, 6.00, None),
    "post": (22.78, 6.35, None),
    "identity": (22.20, 6.15, None),
    "3x3": (22.48, 6.02, 25.8),
}
# Its table 2: multiply-adds in 10^9 of one picture of 224 pixels, without and with SE.
GFLOPS = {
    "ResNet-50": (3.86, 3.87),
    "ResNet-101": (7.58, 7.60),
    "ResNet-152": (11.30, 11.32),
    "ResNeXt-50": (4.24, 4.25),
    "ResNeXt-101": (7.99, 8.00),
    "VGG-16": (15.47, 15.48),
    "BN-Inception": (2.03, 2.04),
    "Inception-ResNet-v2": (11.75, 11.76),
}
# Its tables 2 and 3: top-1 / top-5 error of one crop, without and with SE. The
# baselines are the authors' own trainings.
ERRORS = {
    "ResNet-50": ((24.80, 7.48), (23.29, 6.62)),
    "ResNet-101": ((23.17, 6.52), (22.38, 6.07)),
    "ResNet-152": ((22.42, 6.34), (21.57, 5.73)),
    "ResNeXt-50": ((22.11, 5.90), (21.10, 5.49)),
    "ResNeXt-101": ((21.18, 5.57), (20.70, 5.01)),
    "VGG-16": ((27.02, 8.81), (25.22, 7.70)),
    "BN-Inception": ((25.38, 7.89), (24.23, 7.14)),
    "Inception-ResNet-v2": ((20.37, 5.21), (19.80, 4.79)),
    "MobileNet": ((28.4, 9.4), (25.3, 7.7)),  # its table 3, like the next
    "ShuffleNet": ((32.6, 12.5), (31.0, 11.1)),
}
MOBILE = {"MobileNet": (569, 572, 4.2, 4.7), "ShuffleNet": (140, 142, 1.8, 2.4)}  # multiply-adds in 10^6, parameters in millions
# Milliseconds for a training step with 256 pictures on eight Titan X, from its section on computational complexity; ResNet-50 and
# SE-ResNet-50.
STEP_MS = (190, 209)
