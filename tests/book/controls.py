"""``CONTROLS``: the controls of each kind of widget, as readers know them: what they are, and what they are called.

To add a widget, add its kind: one line a control. ``Control("select: Order channels by", ".senet-dots")`` says that the menu of
this name has to change the dots. A name is a regular expression; the first control that fits is operated, or each. What a control
needs before it can be operated, ``first`` does. Where two controls have one name, ``within`` says which.
"""

from .crawl import OPEN, SCROLL, Control, arrow_down
from .own_controls import OWN, PERSON, own_in
from .preparations import (
    a_gate_pulled,
    a_study,
    answered_why,
    begun,
    chosen,
    click_another_tile,
    click_elsewhere,
    gates_let_go,
    give_a_network,
    give_a_result,
    give_no_network,
    given_up,
    padded,
    runs_shown,
    scanning,
    second_there,
    stalled_with_a_channel,
    undone,
)
from .shared_controls import SAVES, TABLES, ends, foot, hand


def by_hand(side: str) -> list[Control]:
    """What the gates of both sides have in common, shown on a gate of one."""
    return [
        Control("button: Undo", ".senet-hand-line", a_gate_pulled(side), within=".senet-by-hand"),
        Control("button: Redo", ".senet-hand-line", undone(side), within=".senet-by-hand"),
        Control("button: Let all gates go", ".senet-hand-line", a_gate_pulled(side)),
        Control("summary: Pull gates by hand", OPEN),
    ]


EIGHT = {**PERSON, ".senet-dots": ".senet-eight"}
SEAMS = {**PERSON, ".senet-dots": ".senet-seams"}

# What the explorer says first: a guess, which is answered and asked again, and a tour of the text's links.
FIRST = [
    Control("button: stage \\d", ".senet-guess"),
    Control("button: Ask again", ".senet-guess"),
    Control("button: Show me around", ".senet-live, .senet-back"),
]

CONTROLS: dict[str, list[Control]] = {
    "shallow-deep": [
        Control("radio: .+", ".senet-prediction, .senet-dots"),
        *OWN,
        Control("select: Order channels by", ".senet-dots"),
        Control("select: Compare with the mean of", ".senet-means, .senet-legend"),
        Control("select: Scale", ".senet-scale, .senet-link"),  # gates may reach from 0 to 1 anyway
        Control("select: Shallow", "[data-side=shallow] .senet-dots"),
        Control("select: Deep", "[data-side=deep] .senet-dots"),
        *hand("shallow"),
        *hand("deep"),
        *by_hand("deep"),
        *TABLES,
        *foot("select: Order channels by"),
    ],
    "explorer": [
        *FIRST,
        Control("radio: .+", ".senet-prediction, .senet-ribbon"),
        Control("button: Fetch the network to see its maps", ".senet-engine", stalled_with_a_channel),
        *OWN,
        Control("select: Gates of all blocks", ".senet-ribbon"),
        Control(r"summary: The \d+ classes that it knows", OPEN),
        Control("select: Second picture", ".senet-second"),
        Control("button: Swap the two", ".senet-prediction", second_there),
        Control(
            "button: .+ gates, on average .+", ".senet-detail", each=True, keys=arrow_down
        ),  # Enter: tests/book/test_explorer.py
        Control("select: Order channels by", ".senet-dots"),
        Control("select: Compare the gates with", ".senet-means, .senet-legend"),
        Control("select: Scale", ".senet-scale, .senet-link"),
        Control("select: Channels shown", ".senet-plot"),
        Control("range: from place.*", ".senet-plot"),
        *hand("shallower"),
        *hand("deeper"),
        *by_hand("deeper"),
        Control("button: Why did this gate open.*", ".senet-why-map", gates_let_go("deeper")),
        Control("summary: Numbers of this map", OPEN, first=answered_why),
        *SAVES,
        *TABLES,
        Control("select: Patch", ".senet-why-map"),  # which takes the map away
        *foot("select: Order channels by"),
        Control("button: Your own network", ".senet-ribbon", pointer=give_a_network, keys=give_a_network),
        Control("select: It takes pixels as", ".senet-your-network, .senet-ribbon"),
        Control("button: Close it", ".senet-ribbon"),
        Control("select: Network", ".senet-ribbon"),
    ],
    "explorer, small": [
        *FIRST,
        Control("radio: .+", ".senet-prediction, .senet-ribbon"),
        Control("button: .+ gates, on average .+", ".senet-ribbon", each=True, keys=arrow_down),
        Control("slider: Channels of the chosen block", "[data-side=chosen] .senet-readout"),
        *foot("radio: .+"),
    ],
    "convolution": [
        Control("radio: .+", "[data-stage=sum]"),
        Control("select: Kernel", "[data-stage=sum]"),
        Control("application: Window on .+", ".senet-conv-sum"),
        Control(
            "element: senet-place", ".senet-conv-sum", each=True, pointer=click_elsewhere, keys=None
        ),  # the picture's window has them
        Control("number: weight of .+", "[data-stage=sum]", each=True),
        Control("button: Play", "[data-stage=sum]"),
        Control("button: Pause", ".senet-controls"),
        Control("button: Step", "[data-stage=sum]"),
        Control("button: Step back", "[data-stage=sum]"),
        Control("button: Whole maps", "[data-stage=sum]"),
        *ends("select: Kernel"),
    ],
    "squeeze": [
        *(Control(f"select: {name}", ".senet-squeezed") for name in ("Object", "on", "Squeeze by")),
        Control("select: Channel", ".senet-made"),
        Control("application: Move .+", ".senet-squeezed"),
        Control("button: To the middle", ".senet-squeezed"),
        Control("button: Shuffle each map", "[data-symbol=u]"),  # its mean stays: that is the point
        *TABLES,
        *SAVES,
        Control(
            "element: senet-squeezed", ".senet-made", pointer=click_another_tile, keys=None
        ),  # the menu "Channel" does the same
        *foot("select: Object"),
    ],
    "attribution": [
        Control("radio: .+", ".senet-scatter-dots"),
        *(Control(f"select: {name}", ".senet-scatter-dots") for name in ("Network", "Block", "Method")),
        Control("select: Channel", ".senet-opened"),
        Control("slider: Channels, by how far their gates are open", ".senet-opened"),
        Control("checkbox: Show what opened its gate", ".senet-opened"),
        *ends("select: Block"),
    ],
    "segmenter": [
        Control("radio: .+", ".senet-segmenter"),
        Control("select: Gates", ".senet-segmenter"),
        *own_in(PERSON),
        *ends("select: Gates"),
    ],
    "eight-bits": [
        Control("radio: .+", ".senet-eight"),
        Control("select: Block", ".senet-eight"),
        Control("select: Channel", ".senet-scatter"),
        Control("slider: Channels, by how far their gates are open", ".senet-scatter"),
        *own_in(EIGHT),
        *ends("select: Block"),
    ],
    "relatives": [
        Control("radio: .+", ".senet-lanes"),
        Control("select: Stage of ResNet-50", ".senet-lanes"),
        *ends("select: Stage of ResNet-50"),
    ],
    "excitation": [
        Control("radio: .+", ".senet-layers"),
        Control("select: Look at", ".senet-sum"),
        Control("select: Rule", ".senet-layers"),
        Control("element: senet-layers", ".senet-sum", keys=None),  # the menu "Look at" does the same
        Control("range: Move z of channel .*", ".senet-layers", each=True),
        Control("range: Push gate s of channel .*", ".senet-layers", each=True),
        *ends("select: Rule"),
    ],
    "rescale": [
        Control("radio: .+", ".senet-stages"),
        Control("select: Channel", ".senet-stages"),
        Control("range: .*[Gg]ate.*", ".senet-stages, .senet-effect"),
        Control("button: Off", ".senet-stages, .senet-effect", first=chosen("button: The block’s own")),
        Control("button: Wide open", ".senet-stages, .senet-effect"),
        Control("button: The block’s own", ".senet-stages, .senet-effect", first=chosen("button: Off")),
        Control("element: senet-tiles", ".senet-stages", pointer=click_another_tile, keys=None),  # the menu "Channel" does the same
        *ends("select: Channel"),
    ],
    "padding": [
        *(Control(name, ".senet-padding-row") for name in ("radio: .+", "range: Rows and columns.*", "select: Block")),
        Control("select: Squeeze", ".senet-effect", first=padded),
        *ends("select: Block"),
    ],
    "seams": [
        *(Control(name, ".senet-seams") for name in ("radio: .+", "select: Light", "select: Gates", "select: Tiles")),
        # The network came with the page: there is nothing to run or to cancel.
        *(each for each in own_in(SEAMS) if each.within != ".senet-engine" and "Run" not in each.name),
        *ends("select: Tiles"),
    ],
    "advice": [
        Control("select: What is scarce when it runs\\?", ".senet-advice"),  # the usual network's says most of it
        Control("select: What do you build on\\?", ".senet-advice"),
        Control("select: Where do its weights come from\\?", ".senet-advice"),
        Control("select: Where does it run\\?", ".senet-advice"),
        *foot("select: Where does it run\\?"),
    ],
    "cost": [
        *(Control(f"select: {name}", ".senet-costs") for name in ("Network", "Reduction ratio r", "Placement")),
        Control("group: .+", SCROLL, each=True),
        *ends("select: Placement"),
    ],
    "profiles": [
        Control("select: Network", ".senet-plotted"),
        Control("select: Block", ".senet-plotted"),
        Control("select: Order channels by", ".senet-plotted"),
        Control("select: Draw", ".senet-plotted"),
        Control("select: Scale", ".senet-plotted"),
        Control("button: .+: take away", ".senet-plotted, .senet-chips"),
        Control("select: Add a class", ".senet-plotted, .senet-chips"),
        Control("slider: Channels of the block", ".senet-readout"),
        Control("select: By depth", ".senet-plotted"),
        Control("slider: Blocks by depth", ".senet-plotted"),
        *ends("select: Draw"),
    ],
    "pairs": [
        Control("select: Compare", ".senet-plotted"),
        Control("select: Order by", ".senet-plotted"),
        Control("slider: Pairs of networks", ".senet-readout"),
        *ends("select: Order by"),
    ],
    "curves": [
        Control("select: Quantity", ".senet-plotted", first=runs_shown),
        Control("select: Along", ".senet-plotted", first=runs_shown),
        Control("button: .+: take away", ".senet-plotted, .senet-chips", first=runs_shown),
        Control("select: Add a run", ".senet-plotted, .senet-chips", first=runs_shown),
        Control("slider: Places in the chart", ".senet-readout"),
        Control("select: Show", ".senet-plotted"),
        Control("select: Value", ".senet-plotted", first=a_study),
        *ends("select: Quantity|select: Value"),
    ],
    "train": [
        Control("button: Look inside the network with SE", ".senet-train-status"),  # there is none yet; else the page is left
        *(Control(f"select: {name}", ".senet-link") for name in ("Network", "Reduction r", "Recipe", "Highest rate")),
        *(Control(f"select: {name}", ".senet-link") for name in ("First seed", "Train")),
        Control("select: Show", ".senet-plotted"),
        *(Control(f"slider: {name}", ".senet-readout") for name in ("Epochs of the run", "Runs of the scatter")),
        Control("button: One step", ".senet-train-status", first=given_up),
        Control("button: Train", ".senet-train-status", first=given_up),
        Control("button: Give up", ".senet-train-status", first=begun),
        *(Control(f"button: Save the network {arm} SE", ".senet-train-status", first=given_up) for arm in ("with", "without")),
        Control("summary: A class’s results", OPEN),
        Control("textarea: The class’s results", ".senet-train-class", pointer=give_a_result, keys=give_a_result),
        Control("button: Show as a code", ".senet-train-class"),
        Control("button: Scan codes", ".senet-train-class"),  # where there is no camera it says so
        Control("button: Stop scanning", ".senet-train-class", first=scanning),
        Control("slider: Runs of the class’s scatter", ".senet-train-class .senet-readout"),
        Control("button: Copy", ".senet-train-class"),
        Control("button: Forget all runs", ".senet-train-verdict"),
        Control(
            "file: Open a saved network:", ".senet-train-status", first=given_up, pointer=give_no_network, keys=give_no_network
        ),
        *TABLES,
        *foot("select: Show"),
    ],
}
# What a widget has only in some places: a study to show belongs to the book's own curves.
SOMETIMES = {
    "curves": ("select: Show", "select: Value"),
    # tests/book/test_train.py has runs for these
    "train": ("slider: Runs of the scatter", "button: Copy", "button: Show as a code", "button: Forget all runs"),
}
