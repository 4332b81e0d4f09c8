"""Icons without the weight: of the theme's 1,900 icons a page shows about twenty, so only those stay in its font and its style.

The theme brings Font Awesome twice: as a script of 540 kB (gzipped) that draws each icon as SVG, and as fonts of 300 kB for the
icons that its style asks for. Here the script goes, and the fonts and the style keep what the built book names. An icon that a page
asks for and that the style lacks fails the build.
"""

import logging
import re
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

FONTS = Path("_static/vendor/fontawesome/webfonts")
STYLE = Path("_static/styles/pydata-sphinx-theme.css")
SCRIPT = re.compile(r'\s*<script[^>]*\bsrc="[^"]*/fontawesome\.js[^"]*"[^>]*></script>')

# .fa-bars:before,.fa-navicon:before{content:"\f0c9"}: the names of one icon, and its character.
RULE = re.compile(r'((?:\.fa-[\w-]+:+before,?)+)\{content:"(?:\\([0-9a-f]+)\s?|([^"\\]+))"\}')
NAME = re.compile(r"\.fa-([\w-]+):")
VARIABLE = re.compile(r'--pst-icon-[\w-]+:"([^"]+)"')  # those of admonitions and links; the theme writes them as they are
CLASSES = re.compile(r'class="([^"]*\bfa[srb]?\b[^"]*|[^"]*\bfa-[^"]*)"')
# Classes of Font Awesome that change how an icon looks, and are not icons themselves.
MANNERS = re.compile(r"solid|regular|brands|fw|lg|xs|sm|xl|2xl|\d+x|ul|li|spin|pulse|inverse")
SCRIPTED = {"xmark"}  # which the theme's script puts in

logging.getLogger("fontTools").setLevel(logging.WARNING)  # or each step of a font's is a line of the build


def wanted(pages: list[str]) -> set[str]:
    """Names of the icons in the pages' classes."""
    classes = {name for page in pages for found in CLASSES.findall(page) for name in found.split()}
    return SCRIPTED | {name[3:] for name in classes if name.startswith("fa-") and not MANNERS.fullmatch(name[3:])}


def slim_style(style: str, icons: set[str]) -> tuple[str, set[str]]:
    """The style with the rules of ``icons`` only, and the characters that it still asks a font for."""
    known: set[str] = set()
    kept = {chr(int(code[2:], 16)) if code.startswith("\\u") else code for code in VARIABLE.findall(style)}

    def keep(rule: re.Match) -> str:
        names = set(NAME.findall(rule[1])) & icons
        if not names:
            return ""
        known.update(names)
        kept.add(chr(int(rule[2], 16)) if rule[2] else rule[3])
        return rule[0]

    style = RULE.sub(keep, style)
    if missing := icons - known:
        raise ExtensionError(f"pages ask for icons that the theme lacks: {', '.join(sorted(missing))}")
    style = style.replace('.woff2) format("woff2")', '.woff) format("woff")')
    return re.sub(r',url\([^)]*\.ttf\)\s*format\("truetype"\)', "", style), kept


def slim_font(source: Path, target: Path, characters: set[str]) -> None:
    """Write the font with these characters only, as WOFF, which every browser reads and Python packs by itself."""
    font = TTFont(source, recalcTimestamp=False)  # or two builds of a commit would differ
    options = subset.Options(flavor="woff", layout_features=[], notdef_outline=True, hinting=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[ord(character) for character in characters])
    subsetter.subset(font)
    font.flavor = "woff"
    font.save(target)


def lighten(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    paths = [path for path in out.rglob("*.html") if "_static" not in path.relative_to(out).parts]
    pages = {path: path.read_text("utf8") for path in paths}
    for path, text in pages.items():
        lighter = SCRIPT.sub("", text)
        if lighter != text:
            path.write_text(lighter, encoding="utf8")
    style, characters = slim_style((out / STYLE).read_text("utf8"), wanted(list(pages.values())))
    (out / STYLE).write_text(style, encoding="utf8")
    for font in (out / FONTS).glob("*.ttf"):
        slim_font(font, font.with_suffix(".woff"), characters)
    for pattern in (f"{FONTS}/*.ttf", f"{FONTS}/*.woff2", "_static/scripts/fontawesome.js*", "_static/**/*.map"):
        for unused in out.glob(pattern):
            unused.unlink()


def setup(app: Sphinx) -> dict:
    app.connect("build-finished", lighten, priority=800)  # once every page is written
    return {"parallel_read_safe": True, "parallel_write_safe": True}
