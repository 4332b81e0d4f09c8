"""Answers to the exercises of "The explorer"."""

import torch

from sebook import checks
from senet import record


def one_by_one(value=0.0, others=None, pick=min, of="named"):
    """An answer to ``decisive_gate`` in a loop, as a learner may write it."""

    def answer(model, x, block):
        whole = record(model, x)
        own = whole.blocks[block].excitation
        named = whole.logits.argmax()
        left = []
        for channel in range(own.shape[1]):
            gates = own.clone() if others is None else torch.full_like(own, others)
            gates[:, channel] = own[:, channel] if value is None else value
            shares = record(model, x, gates={block: gates}).logits.softmax(1)[0]
            left.append({"named": shares[named], "winner": shares.max(), "first": shares[0]}[of].item())
        return left.index(pick(left))

    return answer


def shares(model, x, block):
    count = record(model, x).blocks[block].excitation.shape[1]
    closed = torch.full((count, count), float("nan")).fill_diagonal_(0)
    whole = record(model, x).logits.argmax()
    return record(model, x.repeat(count, 1, 1, 1), gates={block: closed}).logits.softmax(1)[:, whole]


def patches(value=0.0, lift=True, inside=True, read=lambda recording, block, c: recording.blocks[block].excitation[0, c]):
    """An answer to ``occlusion`` in two loops."""

    def answer(model, x, block, channel, side):
        rows, columns = x.shape[2] // side, x.shape[3] // side
        found, covered = torch.zeros(rows, columns), x.clone()
        for i in range(rows):
            for j in range(columns):
                if lift:
                    covered = x.clone()
                square = (..., slice(i * side, (i + 1) * side), slice(j * side, (j + 1) * side))
                if inside:
                    covered[square] = value
                else:
                    covered = torch.full_like(x, value)
                    covered[square] = x[square]
                found[i, j] = read(record(model, covered), block, channel)
        return found

    return answer


def changed(answer, change):
    return lambda model, x, block, c, side: change(
        answer(model, x, block, c, side), record(model, x).blocks[block].excitation[0, c]
    )


def into_the_picture(model, x, block, channel, side):
    x[:, :, :side, :side] = 0
    return patches()(model, x, block, channel, side)


RIGHT = [
    (checks.decisive_gate, one_by_one()),
    (checks.decisive_gate, lambda model, x, block: shares(model, x, block).argmin()),
    (checks.decisive_gate, lambda model, x, block: shares(model, x, block).log().argmin().item()),
    (checks.occlusion, patches()),
    (checks.occlusion, changed(patches(), lambda found, own: own - (own - found))),
]

WRONG = [
    (checks.decisive_gate, one_by_one(pick=max), "more sure"),
    (checks.decisive_gate, lambda model, x, block: record(model, x).blocks[block].excitation[0].argmax(), "widest open"),
    (checks.decisive_gate, lambda model, x, block: record(model, x).blocks[block].excitation[0].argmin(), "nearly closed"),
    (checks.decisive_gate, one_by_one(value=1.0), "wide open; closed is 0"),
    (checks.decisive_gate, one_by_one(value=None, others=0.0), "all gates but one"),
    (checks.decisive_gate, one_by_one(of="winner"), "class that wins each time"),
    (checks.decisive_gate, one_by_one(of="first"), "class 0"),
    (checks.decisive_gate, shares, "number of the channel"),
    (checks.decisive_gate, lambda model, x, block: shares(model, x, block).min().item(), "probability that is left"),
    (checks.decisive_gate, 3, "Pass the function"),
    (checks.occlusion, patches(lift=False), "never lifted"),
    (checks.occlusion, changed(patches(), lambda found, own: own - found), "takes away"),
    (checks.occlusion, changed(patches(), lambda found, own: found - own), "the change"),
    (checks.occlusion, changed(patches(), lambda found, own: found.T), "changed places"),
    (checks.occlusion, changed(patches(), lambda found, own: found.flatten()), "in one row"),
    (checks.occlusion, patches(value=1.0), "mean colour"),
    (checks.occlusion, patches(inside=False), "everything *but*"),
    (checks.occlusion, patches(read=lambda recording, block, c: recording.blocks[block].squeeze[0, c]), "squeezed values"),
    (checks.occlusion, patches(read=lambda recording, block, c: recording.blocks[block].excitation[0].mean()), "averaged"),
    (checks.occlusion, into_the_picture, "writes into its input"),
]
