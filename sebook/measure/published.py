"""The paper's own figures that the book sets beside its own: typed in, each with its place in the paper.

Hu, Shen, Albanie, Sun, Wu: *Squeeze-and-Excitation Networks*, arXiv 1709.01507, the longer version. Errors are in percent, of one
crop of ImageNet's validation pictures; they belong to one training each. Baselines differ between the paper's tables (another
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
GFLOPS = {"ResNet-50": (3.86, 3.87), "ResNet-101": (7.58, 7.60), "ResNet-152": (11.30, 11.32)}
