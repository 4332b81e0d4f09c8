"""Checks on judging an experiment: an interval of paired differences, and whether two lists have one order."""

import math
from collections.abc import Callable, Sequence
from statistics import fmean, stdev

from .verdict import Verdict, judge


def paired(answer: Callable[[Sequence[float], Sequence[float]], tuple[float, float]]) -> Verdict:
    """``answer(arm, standard)``: mean of the differences within a seed, and half the width of its 95 % interval."""
    from scipy.stats import t  # takes a second to import

    def interval(values: Sequence[float], quantile: float | None = None, root: bool = True, spread=stdev) -> tuple[float, float]:
        n = len(values)
        quantile = float(t.ppf(0.975, n - 1)) if quantile is None else quantile
        return fmean(values), quantile * spread(values) / (math.sqrt(n) if root else 1)

    def differences(arm: Sequence[float], standard: Sequence[float]) -> list[float]:
        return [a - b for a, b in zip(arm, standard, strict=True)]

    def population(values: Sequence[float]) -> float:
        return stdev(values) * math.sqrt((len(values) - 1) / len(values))

    def unpaired(arm: Sequence[float], standard: Sequence[float]) -> tuple[float, float]:
        n = len(arm)
        half = float(t.ppf(0.975, 2 * n - 2)) * math.sqrt((stdev(arm) ** 2 + stdev(standard) ** 2) / n)
        return fmean(arm) - fmean(standard), half

    def by(**how):
        return lambda a, b: interval(differences(a, b), **how)

    one_sided = [float(t.ppf(0.95, n - 1)) for n in (5, 4)]
    slips = (
        (lambda a, b: interval(differences(b, a)), "The sign is turned: it is the arm less the standard."),
        (unpaired, "You took the two averages apart. Take the differences seed by seed first: what both share then drops out."),
        (
            by(quantile=1.96),
            "1.96 is for many values. With five, Student's t with 4 degrees of freedom is larger: `t.ppf(0.975, n - 1)`.",
        ),
        (by(quantile=2.0), "Twice the error is for many values. With five, Student's t is larger: `t.ppf(0.975, n - 1)`."),
        (by(quantile=1.0), "That is the standard error. The 95 % interval is wider, by Student's t: `t.ppf(0.975, n - 1)`."),
        (by(root=False), "That is how far single differences stray. Their *mean* strays less: divide by the root of n."),
        (by(spread=population), "You divided by n in the deviation. From few values it comes out too small: divide by n - 1."),
        (
            lambda a, b: (interval(differences(a, b))[0], 2 * interval(differences(a, b))[1]),
            "That is the whole width. Give half of it.",
        ),
        *(
            (by(quantile=quantile), "2.5 % lie beyond each end of a 95 % interval: the quantile is 0.975, not 0.95.")
            for quantile in one_sided
        ),
    )
    arm, standard = [0.91, 0.88, 0.93, 0.90, 0.95], [0.90, 0.89, 0.90, 0.85, 0.93]
    praise = "An interval that holds zero says that the study cannot tell. It does not say that there is no difference."
    return judge(
        lambda *a: tuple(map(float, answer(*a))) if callable(answer) else answer(*a),
        lambda a, b: interval(differences(a, b)),
        [(arm, standard), (arm[:4], standard[1:])],
        slips,
        "paired(arm, standard)",
        praise,
    )


def order(answer: Callable[[Sequence[float], Sequence[float]], float]) -> Verdict:
    """``answer(accuracies, errors)``: Kendall's tau, 1 where the most accurate has the least error, and so on down."""
    from scipy.stats import kendalltau, pearsonr, spearmanr

    def tau(a: Sequence[float], e: Sequence[float]) -> float:
        return float(kendalltau(a, [-x for x in e]).statistic)

    slips = (
        (lambda a, e: -tau(a, e), "The sign is turned: a high accuracy goes with a *low* error, so that alike is opposite here."),
        (
            lambda a, e: (tau(a, e) + 1) / 2,
            "That is the share of pairs in the same order. Take off those in the other: from -1 to 1.",
        ),
        (lambda a, e: tau(a, e) * len(a) * (len(a) - 1) / 2, "That is a number of pairs. Divide by how many there are."),
        (lambda a, e: tau(a, e) * (len(a) - 1) / len(a), "There are n (n - 1) / 2 pairs: an arm makes none with itself."),
        (lambda a, e: float(spearmanr(a, [-x for x in e]).statistic), "That is Spearman's, from ranks. Kendall's counts pairs."),
        (
            lambda a, e: float(pearsonr(a, [-x for x in e]).statistic),
            "That is Pearson's correlation, of the values. Only order counts.",
        ),
    )
    trials = [([0.9, 0.8, 0.85, 0.7], [22.0, 23.5, 22.1, 22.05]), ([0.5, 0.6, 0.7, 0.9, 0.8], [30.0, 29.0, 31.0, 22.0, 21.0])]
    praise = "1 is one order, 0 none, -1 the reverse. It knows no sizes: the smallest lead counts as much as the largest."
    return judge(answer, tau, trials, slips, "order(accuracies, errors)", praise)
