"""A Content-Security-Policy in every page: nothing is loaded from or sent to another host, and no text becomes code.

GitHub Pages sends no headers of ours, so the policy is in a meta tag, before anything that it governs. It allows the theme's few
inline scripts one by one, by the hash of their text, computed here when the page is finished. WebAssembly is
allowed (``wasm-unsafe-eval``), ``eval`` is not. The network's worker starts from a blob, the only way that also works from file://.
Inline styles are allowed: Matplotlib's SVG is made of them, and a style can't load from elsewhere under this policy.
"""

import base64
import hashlib
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'wasm-unsafe-eval'",  # and the hashes
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "worker-src": "blob:",
    "object-src": "'none'",
    "frame-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
}
INLINE = re.compile(r"<script(?![^>]*\ssrc=)([^>]*)>(.*?)</script>", re.DOTALL | re.IGNORECASE)
DATA = re.compile(r'type="(?!text/javascript|module)[^"]+"')  # a block of data is not a script
HEAD = re.compile(r"<meta charset=\"?utf-8\"? ?/?>", re.IGNORECASE)
HANDLER = re.compile(r"<[a-z][^<>]*\s(on[a-z]+)=[\"']", re.IGNORECASE)

# The theme's buttons call these. As attributes they would need 'unsafe-inline': assets/buttons.js listens instead.
BUTTONS = {'onclick="window.print()"': 'data-click="print"', 'onclick="toggleFullScreen()"': 'data-click="fullscreen"'}


def policy(page: str) -> str:
    """The policy for a page: what all share, and the hashes of its own inline scripts."""
    scripts = [text for attributes, text in INLINE.findall(page) if not DATA.search(attributes)]
    # A browser hashes what its parser sees, with line ends of one kind.
    digests = {hashlib.sha256(text.replace("\r\n", "\n").encode()).digest() for text in scripts}
    hashes = sorted(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return "; ".join(f"{name} {' '.join([value, *hashes]) if name == 'script-src' else value}" for name, value in POLICY.items())


def guarded(page: str, name: str) -> str:
    """The page with its policy, right after the line that names its encoding.

    Raises:
        ExtensionError: it has no such line, or an event handler as an attribute, which the policy would silence.
    """
    for attribute, replacement in BUTTONS.items():
        page = page.replace(attribute, replacement)
    if handler := HANDLER.search(re.sub(r"<script.*?</script>|<pre.*?</pre>", "", page, flags=re.DOTALL)):
        raise ExtensionError(f"{name} has {handler[1]}= as an attribute, which its policy forbids: listen from a script")
    if not HEAD.search(page):
        raise ExtensionError(f"{name} doesn't say <meta charset=utf-8>, which its policy follows")
    tag = f'<meta http-equiv="Content-Security-Policy" content="{policy(page)}">'
    return HEAD.sub(lambda found: f"{found[0]}\n{tag}", page, count=1)


def guard_pages(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    for path in out.rglob("*.html"):
        if "_static" not in path.relative_to(out).parts:
            path.write_text(guarded(path.read_text("utf8"), path.relative_to(out).as_posix()), encoding="utf8", newline="\n")


def setup(app: Sphinx) -> dict:
    app.connect("build-finished", guard_pages, priority=900)  # the last to touch a page
    return {"parallel_read_safe": True, "parallel_write_safe": True}
