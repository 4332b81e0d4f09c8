"""What a teacher downloads: notebooks for students and instructors, made with the pages, and the kit and the PDF of the release.

    {material}`the student notebooks <student>`

is a link to one of them: student and instructor are zip files of the built book; kit and pdf are too large to be made with every
page and lie in the release that the workflow keeps (``.github/workflows/pages.yml``).
"""

import re
import tempfile
import zipfile
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

MADE = {name: f"materials/squeeze-excite-{name}.zip" for name in ("student", "instructor")}
RELEASED = {"kit": "squeeze-excite-kit.zip", "pdf": "squeeze-excite.pdf"}
RELEASE = "materials"  # its tag
ASKED = re.compile(r"^(?P<words>.+?)\s*<(?P<name>[\w-]+)>$", re.DOTALL)


class Material(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        found = ASKED.match(self.text)
        names = (*MADE, *RELEASED)
        if not found or found["name"] not in names:
            message = self.inliner.reporter.error(
                f"material {self.text!r}: write words <name>, with one of {', '.join(names)}", line=self.lineno
            )
            return [nodes.problematic(self.rawtext, self.rawtext)], [message]
        name, words = found["name"], " ".join(found["words"].split())
        if name in RELEASED:
            address = released(Path(self.env.srcdir), RELEASED[name])
        else:
            address = "../" * self.env.docname.count("/") + MADE[name]
        return [nodes.reference("", words, refuri=address, internal=name in MADE)], []


def released(root: Path, file: str) -> str:
    """Where the release has a file."""
    repository = yaml.safe_load((root / "_config.yml").read_text("utf8"))["repository"]["url"].rstrip("/")
    return f"{repository}/releases/download/{RELEASE}/{file}"


def pack(folder: Path, out: Path) -> None:
    """A folder as a zip file. All times are one, so that the same files give the same bytes."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(f"{out.stem}/{path.relative_to(folder).as_posix()}", date_time=(2020, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            packed.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)


def write_materials(app: Sphinx, exception: Exception | None) -> None:
    """Write the notebooks of both kinds, with the numbers of this build in their prose."""
    if exception is not None or app.builder.name != "html" or app.config.nb_execution_mode != "cache":
        return
    from tools.versions import write  # book_execution has put the repository's folder on the path

    for name, file in MADE.items():
        with tempfile.TemporaryDirectory() as folder:
            write(name, Path(folder, name))
            pack(Path(folder, name), Path(app.outdir, file))


def setup(app: Sphinx) -> dict:
    app.add_role("material", Material())
    app.connect("build-finished", write_materials)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
