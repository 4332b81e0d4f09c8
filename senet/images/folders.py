"""A folder with a folder of pictures for each class, and whatever else lies there."""

import warnings
from pathlib import Path

from torchvision.datasets import ImageFolder
from torchvision.datasets.folder import IMG_EXTENSIONS

# What systems and programs put beside pictures, and nobody misses.
BESIDE = ("__MACOSX", "Thumbs.db", "desktop.ini", ".DS_Store")


def samples(folder: Path) -> tuple[tuple[str, ...], list[tuple[str, int]]]:
    """The classes, and each picture's path with its class's number, class by class.

    Hidden files (``.ipynb_checkpoints``, ``._cat.jpg``) and files of another kind than
    torchvision's ``IMG_EXTENSIONS`` (``cat.heic``) is left out, with a warning that names it.

    Raises:
        FileNotFoundError: no such folder, no classes in it, or a class without a picture.
    """
    found = _Folder(folder)
    if found.left_out:
        names = sorted({str(path.relative_to(folder)) for path in found.left_out})
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        warnings.warn(
            f"{folder}: left out {', '.join(names[:5])}{more}: hidden, or not of a kind that is read "
            f"here ({', '.join(IMG_EXTENSIONS)})",
            stacklevel=4,
        )
    return tuple(found.classes), found.samples


class _Folder(ImageFolder):
    def __init__(self, folder: Path) -> None:
        self.folder, self.left_out = folder, []
        super().__init__(str(folder), is_valid_file=self.takes)

    def find_classes(self, directory: str) -> tuple[list[str], dict[str, int]]:
        inside = sorted(path for path in Path(directory).iterdir() if path.is_dir())
        self.left_out += [path for path in inside if self.hidden(path) and path.name not in BESIDE]
        names = [path.name for path in inside if not self.hidden(path)]
        if not names:
            raise FileNotFoundError(f"{directory} needs a folder of pictures for each class, and has none")
        return names, {name: number for number, name in enumerate(names)}

    def takes(self, path: str) -> bool:
        taken = path.lower().endswith(IMG_EXTENSIONS) and not self.hidden(Path(path))
        if not taken and Path(path).name not in BESIDE:
            self.left_out.append(Path(path))
        return taken

    def hidden(self, path: Path) -> bool:
        parts = path.relative_to(self.folder).parts
        return any(part.startswith(".") or part in BESIDE for part in parts)
