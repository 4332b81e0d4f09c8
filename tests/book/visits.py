"""What the tests do with any page of the book, whatever is on it: bring its widgets to life, use them all, look for faults.

None of it knows a chapter, so that a new page is tested by being there.
"""

import json
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from .conftest import arrive

AXE = Path(__file__).parents[2] / "book" / "node_modules" / "axe-core" / "axe.min.js"
FIGURES = "figure.senet-widget[data-senet]"

FOLDED = "main details:not([open]), main .toggle-button-hidden"  # what USE unfolds
CHANGING = f"{FIGURES}, {FOLDED}, .senet-linked"  # what looks different after USE

# Listens from the page's first moment: what its policy forbids, and what moves.
WATCH = """
    window.violations = [];
    const watched = "securitypolicyviolation";
    document.addEventListener(watched, (e) => violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
    window.moves = [];
    const moved = (e) => moves.push(`${e.type} ${e.propertyName ?? e.animationName} ${e.target.outerHTML.slice(0, 80)}`);
    for (const kind of ["transitionrun", "animationstart"]) document.addEventListener(kind, moved, true);
"""

# Every fold opened and every control of every widget changed once, but buttons: some of those fetch, and some undo the rest.
USE = """(figures) => {
    for (const fold of document.querySelectorAll("main details:not([open])")) fold.open = true;
    for (const button of document.querySelectorAll("main .toggle-button-hidden")) button.click();
    let used = 0;
    const visible = (e) => e.checkVisibility() && !e.disabled;
    const say = (e, ...kinds) => kinds.forEach((kind) => e.dispatchEvent(new Event(kind, { bubbles: true })));
    for (const figure of document.querySelectorAll(figures)) {
        const groups = new Map();
        for (const radio of figure.querySelectorAll("input[type=radio]:enabled")) groups.set(radio.name, radio); // the last of each
        for (const radio of groups.values()) radio.click(), used++;
        for (const select of [...figure.querySelectorAll("select")].filter(visible)) {
            const others = [...select.options].filter((option) => !option.disabled && !option.selected);
            if (!others.length) continue;
            select.value = others.at(-1).value;
            say(select, "input", "change");
            used++;
        }
        for (const box of [...figure.querySelectorAll("input[type=checkbox]")].filter(visible)) box.click(), used++;
        for (const slider of [...figure.querySelectorAll("input[type=range], input[type=number]")].filter(visible)) {
            if (slider.type === "range") slider.value = (Number(slider.min || 0) + Number(slider.max || 100)) / 2;
            else slider.stepUp();
            say(slider, "input", "change");
            used++;
        }
        for (const slider of [...figure.querySelectorAll("[role=slider]:not(input)")].filter(visible)) {
            slider.focus();
            for (const key of ["Home", "ArrowRight"]) slider.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
            used++;
        }
    }
    document.activeElement?.blur();
    return used;
}"""


def opened(page: Page, url: str, key: str) -> Locator:
    """A widget of a page, when it is alive and nothing of it is on its way any more."""
    arrive(page, url)
    figure = page.locator(f"figure#{key}")
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("data-live", "true")
    page.wait_for_function("(e) => !e.querySelector('[aria-busy=true]')", arg=figure.element_handle())
    return figure


def enliven(page: Page, only_first: bool = False) -> int:
    """Scroll to every widget until it answers. Returns how many there are."""
    figures = page.locator(FIGURES).all()[: 1 if only_first else None]
    for figure in figures:
        figure.scroll_into_view_if_needed()
        expect(figure).to_have_attribute("data-live", "true")
    return len(figures)


def use(page: Page) -> int:
    """Open all that folds and change every control. Returns how many controls there were."""
    used = page.evaluate(USE, FIGURES)
    settle(page)  # what is drawn in the next frame is drawn, too
    return used


def settle(page: Page) -> None:
    """Wait until nothing moves: what fades in is pale while it does. What never ends isn't waited for.

    Two frames first: a page hears of another colour scheme as the first is made, and begins to fade in the next.
    """
    page.evaluate(
        """async () => {
            for (let frames = 2; frames; frames--) await new Promise(requestAnimationFrame);
            const ends = (one) => one.playState === "running" && one.effect.getComputedTiming().endTime < Infinity;
            const moving = () => document.getAnimations().filter(ends);
            for (let left = 20; left && moving().length; left--) {
                await Promise.all(moving().map((one) => one.finished.catch(() => {})));
            }
        }"""
    )


# On a page, hundreds of words look the same, so axe checks only the first word of each look. A look is all that contrast follows
# from: the word's colour and size, and what its parents paint under and over it. In a widget, things may overlap without containing
# each other, so axe checks every word there; but in tables and code, which lie flat, the first of each look. What has no words of
# its own isn't marked either: axe finds that out of each element by going through all its parents.
MARK = """() => {
    for (const e of document.querySelectorAll("[data-look]")) e.removeAttribute("data-look");
    const looks = new Map(), grounds = new Map();
    const NAMES = ["backgroundColor", "backgroundImage", "opacity", "filter", "mixBlendMode", "position", "zIndex"];
    const under = (e) => {
        if (!e) return "";
        if (!grounds.has(e)) {
            const style = getComputedStyle(e);
            const own = NAMES.map((name) => style[name]).join(";");
            const all = `${under(e.parentElement)}/${own}${e.matches("[disabled], [aria-disabled=true]")}`;
            if (!looks.has(all)) looks.set(all, looks.size); // a number: texts would grow with the depth
            grounds.set(e, looks.get(all));
        }
        return grounds.get(e);
    };
    const inked = (e) => [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const met = new Map();
    for (const e of document.body.querySelectorAll("*")) {
        const field = e.matches("input, select, textarea");
        if (!field && !inked(e)) continue;
        const figure = e.closest("figure.senet-widget"), flat = e.closest("table, pre");
        if (field || figure && !flat || !e.checkVisibility({ visibilityProperty: true })) {
            e.setAttribute("data-look", "");
            continue;
        }
        const { color, fontSize, fontWeight, textShadow, webkitTextFillColor } = getComputedStyle(e);
        const look = [color, fontSize, fontWeight, textShadow, webkitTextFillColor, e.localName === "a", under(e)].join();
        const place = figure && flat;
        if (!met.has(place)) met.set(place, new Set());
        if (!met.get(place).has(look)) e.setAttribute("data-look", "");
        met.get(place).add(look);
    }
}"""

# What axe-core finds. What costs it a sixth of its time, to quote the elements and to find selectors for them, waits for a fault.
VIOLATIONS = """async ([within, options, colours, quote]) => {
    axe.reset();
    const rules = [{ id: "color-contrast", selector: "[data-look]" }];
    if (colours) {
        rules[0].selector = `:is(${colours}, :is(${colours}) *)[data-look]`;
        rules.push({ id: "link-in-text-block", selector: `:is(${colours}) a[href], :is(${colours}) [role=link]` });
    }
    axe.configure({ noHtml: !quote, rules });
    return (await axe.run(within ?? document, { ...options, selectors: quote })).violations;
}"""


def axe(page: Page, within: str | None = None, colours_alone: bool = False, colours_within: str | None = None) -> None:
    """axe-core finds nothing on the page, or within what a selector names.

    ``colours_alone`` is for a page of which nothing but the colour scheme changed since axe saw it whole: a style sheet's other
    scheme adds and removes no element, and the rules about elements would say the same again.

    ``colours_within`` names what will look different when axe sees the page next, in the same scheme: of all else the colours are
    left to that time.
    """
    settle(page)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf8"))  # by the debugger: the page's policy lets no script in
    page.evaluate(MARK)
    # Without `preload`, which fetches the page's styles a second time for a rule about media that the book has none of.
    options = {"resultTypes": ["violations"], "preload": False}
    if colours_alone:
        options["runOnly"] = ["color-contrast", "link-in-text-block"]
    found = page.evaluate(VIOLATIONS, [within, options, colours_within, False])
    if found:
        found = page.evaluate(VIOLATIONS, [within, options, colours_within, True]) or found
    faults = [(fault["id"], [node.get("html") for node in fault["nodes"]]) for fault in found]
    assert faults == [], json.dumps(faults, indent=2)


def fits(page: Page) -> None:
    """Nothing is cut off or has to be scrolled sideways, but what has a box of its own."""
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    outside = page.locator("main :is(button, select, input, h1, h2, p):visible").evaluate_all(
        """(all, width) => all.filter((e) => {
            for (let box = e.parentElement; box; box = box.parentElement) {
                if (["auto", "scroll", "hidden"].includes(getComputedStyle(box).overflowX) && box !== document.body) return false;
            }
            const { left, right } = e.getBoundingClientRect();
            return right > width + 1 || left < -1;
        }).map((e) => e.outerHTML.slice(0, 120))""",
        width,
    )
    assert outside == []


def code_fits(page: Page) -> None:
    """No line of code is cut off at the column's edge, nor any that a cell prints. One is not ours: torchvision's ``conv3x3``."""
    wide = page.locator("main pre:visible").evaluate_all(
        """all => all.filter((e) => e.scrollWidth > e.clientWidth)
            .map((e) => e.innerText.split("\\n").sort((a, b) => b.length - a.length)[0])
            .filter((line) => !line.startsWith("def conv3x3("))"""
    )
    assert wide == [], "break these lines: a column holds 77 characters of code, a solution 75, a dropdown 73"


# In forced colours a browser repaints text and boxes, but not what is drawn in SVG. Nothing there may vanish in the canvas.
UNSEEN = """(figures) => {
    const SHAPES = "path, line, rect, circle, ellipse, polyline, polygon, text";
    const sheet = document.body.appendChild(document.createElement("i"));
    sheet.style.cssText = "forced-color-adjust: none; color: Canvas";
    const canvas = getComputedStyle(sheet).color;
    sheet.remove();
    const unseen = [];
    for (const svg of document.querySelectorAll(`:is(${figures}) svg`)) {
        const shapes = [...svg.querySelectorAll(SHAPES)].filter((e) => e.checkVisibility());
        const seen = shapes.filter((e) => {
            const { stroke, fill } = getComputedStyle(e);
            return [stroke, fill].some((paint) => paint !== "none" && paint !== canvas && !/^rgba.*, 0\\)$/.test(paint));
        });
        if (shapes.length && !seen.length) unseen.push(svg.outerHTML.slice(0, 120));
    }
    for (const e of document.querySelectorAll(`:is(${figures}) :is(button, input, select, summary, [role=slider])`)) {
        if (!e.checkVisibility() || ["radio", "checkbox", "range"].includes(e.type)) continue;
        if (getComputedStyle(e).color === canvas) unseen.push(e.outerHTML.slice(0, 120));
    }
    return unseen;
}"""


def visible_in_forced_colours(page: Page) -> list[str]:
    """Charts and controls whose every part has the colour of what is under it."""
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    return page.evaluate(UNSEEN, FIGURES)


# The look of a control with and without the focus; where it is drawn by its label or its neighbour, theirs.
PATH = """() => {
    const TAKES = "a[href], button, input, select, textarea, summary, [tabindex]";
    const parts = (e) => [e, e.parentElement, e.nextElementSibling, ...e.querySelectorAll("*")].filter(Boolean);
    const NAMES = ["outlineStyle", "outlineWidth", "outlineColor", "boxShadow", "backgroundColor", "borderColor",
        "textDecorationLine", "textDecorationThickness", "stroke"];
    const look = (e) => { const style = getComputedStyle(e); return NAMES.map((name) => style[name]).join("|"); };
    // Of a group of radio buttons the chosen one takes the focus, or the first.
    const reachable = (e) => {
        if (e.type !== "radio") return true;
        const group = [...document.querySelectorAll(`input[type=radio][name="${CSS.escape(e.name)}"]:enabled`)];
        return (group.find((one) => one.checked) ?? group[0]) === e;
    };
    window.takers = [...document.querySelectorAll(TAKES)].filter((e) => e.tabIndex >= 0 && !e.disabled && reachable(e)
        && e.checkVisibility({ visibilityProperty: true }));
    const resting = new Map(takers.map((e) => [e, parts(e).map(look)]));
    window.path = [];
    document.addEventListener("focusin", ({ target: e }) => {
        const before = resting.get(e);
        const box = e.getBoundingClientRect();
        const shown = !before || parts(e).some((part, i) => look(part) !== before[i]);
        path.push({ e, shown, inside: box.right > 0 && box.left < innerWidth });
    });
    // The path begins at the top, wherever a reader was before.
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
    path.length = 0;
}"""


def tab_through(page: Page, most: int = 1000) -> list[str]:
    """Hold Tab from the page's beginning to its end. Returns what is wrong on the way.

    All that takes the focus is reached (of radio buttons one a group), and whatever has it is in view and shows it.
    """
    page.evaluate(PATH)
    for _ in range(most // 10):
        for _ in range(10):
            page.keyboard.down("Tab")  # held down: it repeats, which is half the work of letting go each time
        if page.evaluate("document.activeElement === document.body || path.some(({ e }, i) => i && e === path[0].e)"):
            break
    page.keyboard.up("Tab")
    return page.evaluate(
        """() => {
            const name = (e) => e.outerHTML.replace(/\\s+/g, " ").slice(0, 120);
            const met = new Set(path.map(({ e }) => e));
            return [...takers.filter((e) => !met.has(e)).map((e) => `not reached: ${name(e)}`),
                ...path.filter(({ shown }) => !shown).map(({ e }) => `does not show its focus: ${name(e)}`),
                ...path.filter(({ inside }) => !inside).map(({ e }) => `out of view: ${name(e)}`)];
        }"""
    )
