"""Code exercises on a page say where they run. A page has no kernel, so a check's "Not yet." about a blank would answer no one.

In place of what a cell tagged ``exercise-start`` printed in the build, the page links to the chapter in Binder and Colab, with the
addresses of the launch buttons (``_config.yml``).
"""

from docutils import nodes
from sphinx.application import Sphinx


def addresses(app: Sphinx, docname: str) -> dict[str, str]:
    """Of the chapter as a notebook, by who runs it."""
    theme = app.config.html_theme_options
    repository, launch = theme["repository_url"].rstrip("/"), theme["launch_buttons"]
    name, branch = "/".join(repository.split("/")[-2:]), theme.get("repository_branch") or "main"
    file = f"{docname}.ipynb"
    return {
        "Binder": f"{launch['binderhub_url']}/v2/gh/{name}/{branch}?urlpath=lab/tree/{file}",
        "Colab": f"{launch['colab_url']}/github/{name}/blob/{branch}/{file}",
    }


def where(links: dict[str, str]) -> nodes.paragraph:
    """The sentence in place of the output."""
    said = nodes.paragraph("", "To write your answer, open this chapter in ", classes=["senet-launch"])
    for i, (host, address) in enumerate(links.items()):
        said += [nodes.Text(" or " if i else ""), nodes.reference("", host, refuri=address, internal=False)]
    said += nodes.Text(", or run the book on your machine. There, the last line checks your code and gives a hint.")
    return said


def launch_exercises(app: Sphinx, doctree: nodes.document) -> None:
    for cell in doctree.findall(lambda node: isinstance(node, nodes.container) and "tag_exercise-start" in node["classes"]):
        for output in [child for child in cell.children if child.get("nb_element") == "cell_code_output"]:
            output.replace_self(where(addresses(app, app.env.docname)))


def setup(app: Sphinx) -> dict:
    app.connect("doctree-read", launch_exercises)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
