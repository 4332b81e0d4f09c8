"""The controls of a picture of the reader's own, which several kinds of widget have: ``controls.py`` puts them in."""

from dataclasses import replace

from .crawl import Control
from .preparations import covered, give_a_picture, held_up, released, running

CAMERA = Control("button: Use the camera", "[aria-label='your camera']")  # crawl.FILMED
# A picture joins the gallery once the network answers for it, and an edit is another answer: nothing less will do. Black pixels
# have no blur, so brightness is the last.
OWN = [
    Control("button: Cancel", ".senet-engine", first=held_up, within=".senet-engine"),
    Control("button: Run the network in this page .*", ".senet-engine", first=released),
    Control("button: Edit this picture", "[aria-label$=', edited']", first=running),
    CAMERA,
    Control("button: Stop the camera", ".senet-ways"),
    Control("button: Choose a picture of yours", "[aria-label='mine.png']", pointer=give_a_picture, keys=give_a_picture),
    Control("application: .+: .+ pixels.*", ".senet-dots"),
    Control("range: Zoom.*", ".senet-dots"),
    Control("application: What the network sees.*", ".senet-dots"),
    Control("range: Brush.*", ".senet-board"),
    Control("button: Undo", ".senet-dots", covered, within=".senet-editor"),
    Control("button: Redo", ".senet-dots", within=".senet-editor"),
    Control("button: Clear", ".senet-dots"),
    *(Control(f"range: {name}.*", ".senet-dots") for name in ("Hue", "Blur", "Brightness")),
    Control("button: Reset sliders", ".senet-dots"),
]

# The segmenter shows a reader's picture in the place of its own, and says its name first.
PERSON = {
    "[aria-label='your camera']": "[aria-label^='your camera.']",
    "[aria-label='mine.png']": "[aria-label^='mine.png.']",
    "[aria-label$=', edited']": "[aria-label*=', edited.']",
    ".senet-dots": ".senet-segmenter",
}


def own_in(places: dict[str, str]) -> list[Control]:
    """The same, where a widget shows what they change in other places."""
    return [replace(each, changes=places.get(each.changes, each.changes)) for each in OWN]
