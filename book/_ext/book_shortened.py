"""What a slide takes of a chapter: of a paragraph its first sentence, and of a long listing its result.

The chapter is written to be read, a slide to be seen while somebody speaks. A paragraph that ends with a colon introduces what
follows it, so its last sentence also stays. Nothing is lost: the speaker's notes have each paragraph whole.
"""

import html
import re

from docutils import nodes

LISTING = 16  # lines of code that a wall shows beside their result; more are folded
SENTENCE_ENDS = re.compile(r"(?<=[.?!:])\s+(?=[A-Z(“\"'])")


def shorten(paragraph: nodes.paragraph) -> list[nodes.paragraph]:
    """The paragraph itself, if it is one sentence, or else its first, and its last where that introduces something."""
    sentences = split(paragraph)
    if len(sentences) < 2:
        return [paragraph]
    kept = [sentences[0]]
    if paragraph.astext().rstrip().endswith(":"):
        if len(sentences) == 2:
            return [paragraph]
        kept.append(sentences[-1])
    return kept


def split(paragraph: nodes.paragraph) -> list[nodes.paragraph]:
    """Its sentences, each a paragraph. A sentence ends in the paragraph's own text, never within emphasis, a link or a formula."""
    sentences, current = [], nodes.paragraph()
    for child in paragraph.children:
        if not isinstance(child, nodes.Text):
            current += child.deepcopy()
            continue
        first, *others = SENTENCE_ENDS.split(str(child))
        current += nodes.Text(first)
        for other in others:
            sentences.append(current)
            current = nodes.paragraph("", "", nodes.Text(other))
    sentences.append(current)
    return [sentence for sentence in sentences if sentence.astext().strip()]


def fold_listing(block: nodes.Node) -> nodes.Node:
    """The block; in a code cell with a result, more than ``LISTING`` lines of code are folded (in the block itself)."""
    children = getattr(block, "children", [])
    inputs = [child for child in children if "cell_input" in child.get("classes", [])] if is_cell(block) else []
    results = [child for child in children if "cell_output" in child.get("classes", [])] if inputs else []
    for code in inputs if results else ():
        lines = code.astext().count("\n") + 1
        if lines > LISTING:
            at = block.index(code)
            summary = html.escape(f"Show the code, {lines} lines")
            opens = nodes.raw("", f'<details class="listing"><summary>{summary}</summary>', format="html")
            block.insert(at, opens)
            block.insert(at + 2, nodes.raw("", "</details>", format="html"))
    return block


def is_cell(block: nodes.Node) -> bool:
    return isinstance(block, nodes.container) and "cell" in block.get("classes", [])
