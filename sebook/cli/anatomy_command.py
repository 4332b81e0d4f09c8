"""What ``anatomy`` and ``examine`` do: where a network's gates are, what they do on pictures, what to do about each."""

import json
from argparse import Namespace

from ..network_files import anatomy
from ..shipping import examining
from . import subjects


def show_anatomy(args: Namespace) -> None:
    """Where a network's gates are, which are dead, closed, open or constant, and what freezing costs; draw them, fold them."""
    subject = subjects.opened(args, own_pictures=False)
    if args.fold:
        subject.refuse_fold(args.fold)
        if len(subject.pictures) == 1:
            raise ValueError("--fold with one picture, on which nothing moves: give several, like those that the network will see")
    where = subject.anatomy()
    print(f"{where}\n")
    found, advice = _told(subject)
    if args.json:
        facts = {
            gate.name: {"family": gate.family, "kind": gate.kind, "where": gate.where, "proof": gate.proof} for gate in where.gates
        }
        gates = [each | facts.get(each["name"], {}) for each in anatomy.as_json(found)]
        about = {"network": subject.name, "pictures": len(subject.pictures), "gates": gates, "advice": advice}
        args.json.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        print(args.json)
    if args.svg:
        from ..network_files import drawn  # and with it Matplotlib, which most commands do without

        args.svg.write_text(drawn.svg(subject.name, where.gates, subject.excitation), encoding="utf-8")
        print(args.svg)
    if args.fold:
        still = {each.name: subject.excitation[each.name].mean(0) for each in found if each.spread < args.steady}
        if not still:
            print(
                f"every gate moves by {args.steady:g} or more on these pictures: there is nothing to fold, and nothing was written"
            )
        else:
            print("\n".join(subject.fold(still, args.fold)))


def examine(args: Namespace) -> None:
    """Hidden units that never fire, gates that are shut, open or constant, branches that do nothing; and what to do about each."""
    _told(subjects.opened(args, own_pictures=True))


def _told(subject: subjects.Subject) -> tuple[list[anatomy.Measured], list[str]]:
    found, count = subject.measured(), len(subject.pictures)
    print(
        f"{subject.name}: {len(found)} gates on {count:,} picture{'s' * (count > 1)}; freezing is the largest change of an output "
        "when a gate is set to its mean:"
    )
    print(anatomy.table(found))
    advice = examining.advice(found, count)
    for line in advice:
        print(f"- {line}")
    return found, advice
