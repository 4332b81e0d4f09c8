"""The widget "Shallow and deep" in a notebook, where a kernel answers."""

import base64

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from sebook.widgets import ShallowDeep
from sebook.widgets.view import STATIC

from .shallow_deep import NETWORK, dots

NOTEBOOK = """<!doctype html><html lang="en"><title>a notebook</title><div id="out"></div><script type="module">
    import widget from "./widget.js";
    const state = await python("state"), heard = {};
    const tell = (event, ...args) => (heard[event] ?? []).slice().forEach((callback) => callback(...args));
    const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
    window.model = {
        get: (name) => state[name],
        set(name, value) { if (state[name] !== value) { state[name] = value; tell(`change:${name}`); } },
        save_changes: () => python("save", Object.fromEntries(Object.entries(state).filter(([name]) => name[0] !== "_"))),
        send: async (message) => { const [content, buffers] = await python("send", message);
                                   tell("msg:custom", content, buffers.map(bytes)); },
        on: (event, callback) => (heard[event] ??= []).push(callback),
        off: (event, callback) => (heard[event] = heard[event].filter((other) => other !== callback)),
    };
    window.end = await widget.render({ model, el: document.getElementById("out") });
</script></html>"""


def test_in_a_notebook_python_answers(page: Page, book_url: str, monkeypatch: pytest.MonkeyPatch):
    """The notebook's bundle, served by a kernel. In place of Jupyter, a stand-in for anywidget's model connects them."""
    kernel = ShallowDeep(NETWORK, order="excitation")
    names = ("picture", "shallow", "deep", "order", "compare", "scale", "shallow_channel", "deep_channel")
    sent: list = []
    monkeypatch.setattr(kernel, "send", lambda content, buffers=None: sent.append((content, buffers or [])))

    def python(what: str, message: dict | None = None):
        if what == "state":
            return {name: getattr(kernel, name) for name in ("_widget", "_gallery", "_fields", *names)}
        if what == "save":
            return kernel.set_state(message)
        kernel._handle_custom_msg(message, [])
        content, buffers = sent.pop()
        return [content, [base64.b64encode(buffer).decode() for buffer in buffers]]

    page.expose_function("python", python)
    page.route("**/notebook/", lambda route: route.fulfill(body=NOTEBOOK, content_type="text/html; charset=utf-8"))
    page.route("**/notebook/widget.js", lambda route: route.fulfill(path=STATIC / "widget.js", content_type="text/javascript"))
    page.goto(book_url + "notebook/")

    def shows(picture: int, block: str) -> None:
        """Kernel and page agree on the picture, and the page has this kernel's numbers."""
        expect(page.locator(".senet-title")).to_have_text(kernel._gallery["pictures"][picture]["title"])
        assert kernel.picture == picture
        shown = [dot["value"] for dot in dots(page.locator("[data-side=deep]"))]
        np.testing.assert_allclose(shown, kernel.probe(picture).blocks[block].excitation[0].numpy(), atol=1e-6)

    shows(0, kernel.deep)
    expect(page.get_by_label("Order channels by")).to_have_value("excitation")
    page.get_by_role("radio").nth(3).locator("..").click()
    page.get_by_label("Deep", exact=True).select_option("layer2.0.se")
    expect(page.locator("[data-side=deep]")).to_have_attribute("data-block", "layer2.0.se")
    shows(3, "layer2.0.se")
    assert kernel.deep == "layer2.0.se"
    page.evaluate("model.set('picture', 1)")  # as when a cell sets the trait
    kernel.picture = 1
    shows(1, "layer2.0.se")
    monkeypatch.setattr(kernel, "probe", lambda *_: (_ for _ in ()).throw(RuntimeError("out of memory")))
    page.get_by_role("radio").nth(0).locator("..").click()
    expect(page.get_by_role("alert")).to_contain_text("out of memory")
    page.evaluate("end()")
    expect(page.get_by_role("radio")).to_have_count(0)
