"""Print the book into one PDF, by Chromium: `make pdf`. With an outline to jump by, and tagged, so that it can be read aloud.

The first page takes in the articles of all others, in the order of the contents, and is printed as a whole; only so are the outline
one and the links between chapters alive. Widgets are there as the figures that they start from.
"""

import argparse
from pathlib import Path

from playwright.sync_api import sync_playwright

from tools import chromium, serve

ROOT = Path(__file__).resolve().parents[1]

# In the page. An id gets its page's name before it, and so do links to it; what lies beside a page is named from where it lies.
GATHER = """async () => {
    const home = document.querySelector("article.bd-article");
    const links = [...document.querySelectorAll(".bd-docs-nav a[href]")].map((a) => a.href.split("#")[0]);
    const pages = [...new Set([location.href.split("#")[0], ...links])].filter((url) => url.startsWith(location.origin));
    const prefix = (url) => `page-${pages.indexOf(url)}-`;
    const articles = [];
    for (const url of pages) {
        const text = await (await fetch(url)).text();
        const other = new DOMParser().parseFromString(text, "text/html");
        const article = document.importNode(other.querySelector("article.bd-article"), true);
        for (const element of article.querySelectorAll("[id]")) element.id = prefix(url) + element.id;
        for (const element of article.querySelectorAll("[src]")) element.src = new URL(element.getAttribute("src"), url).href;
        for (const link of article.querySelectorAll("a[href]")) {
            const [page, place] = new URL(link.getAttribute("href"), url).href.split("#");
            if (pages.includes(page)) link.href = "#" + (place ? prefix(page) + place : `page-${pages.indexOf(page)}`);
            else link.href = page + (place ? "#" + place : "");
        }
        // In SVG, clips and shapes that are used again are named by #id in other attributes.
        for (const element of article.querySelectorAll("svg *")) {
            for (const { name, value } of [...element.attributes]) {
                if (value.includes("url(#")) element.setAttribute(name, value.replaceAll("url(#", `url(#${prefix(url)}`));
                if (name.endsWith("href") && value.startsWith("#")) element.setAttribute(name, "#" + prefix(url) + value.slice(1));
            }
        }
        article.querySelectorAll("script, button, .headerlink").forEach((element) => element.remove());
        article.querySelectorAll("details").forEach((element) => { element.open = true; });
        article.querySelectorAll("img").forEach((element) => { element.loading = "eager"; });
        article.id = `page-${pages.indexOf(url)}`;
        article.style.breakBefore = articles.length ? "page" : "auto";
        articles.push(article);
    }
    home.replaceWith(...articles);
    document.querySelectorAll("#jb-print-docs-body, footer, .prev-next-footer").forEach((element) => element.remove());
    document.title = document.querySelector(".logo__title")?.innerText ?? document.title;
    await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
    return pages.length;
}"""


def write(html: Path, out: Path) -> int:
    """Print the built book in folder ``html``. Returns how many of its pages are in the PDF."""
    out.parent.mkdir(parents=True, exist_ok=True)
    server = serve.server(html, quiet=True)
    with serve.running(server) as address, sync_playwright() as playwright, chromium.launch(playwright) as browser:
        page = browser.new_page(color_scheme="light")
        page.goto(f"{address}/index.html")
        page.wait_for_url("**/book/index.html")
        page.wait_for_load_state("networkidle")
        pages = page.evaluate(GATHER)
        page.emulate_media(media="print")
        # On paper the theme shows a title of its own, which only the first page would have.
        page.add_style_tag(content="article.bd-article h1 { display: block !important; }")
        margin = {"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"}
        page.pdf(path=out, format="A4", margin=margin, outline=True, tagged=True, print_background=True)
    return pages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--html", type=Path, default=ROOT / "_build/html", help="the built book")
    parser.add_argument("--out", type=Path, default=ROOT / "dist/squeeze-excite.pdf")
    options = parser.parse_args()
    pages = write(options.html, options.out)
    print(f"{options.out.name}: {pages} chapters, {options.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
