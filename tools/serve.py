"""Serve a folder of pages on this machine: `python tools/serve.py _build/html --port 8000`.

The book's tests serve it by the same class, also below a prefix, as GitHub Pages does.
"""

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Pages(SimpleHTTPRequestHandler):
    """Files of a folder, at addresses that begin with ``prefix``; anything else is not found."""

    def __init__(self, *args, prefix: str = "/", quiet: bool = False, **kwargs) -> None:
        self.prefix = prefix
        self.quiet = quiet
        super().__init__(*args, **kwargs)

    def translate_path(self, path: str) -> str:
        if not path.startswith(self.prefix):
            return super().translate_path("/not-below-the-prefix")
        return super().translate_path("/" + path.removeprefix(self.prefix))

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")  # so that a rebuilt page shows at the next reload
        super().end_headers()

    def log_message(self, *args) -> None:
        if not self.quiet:
            super().log_message(*args)


class Server(ThreadingHTTPServer):
    allow_reuse_address = False  # or a second server would share a busy port on some systems rather than say so
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a reader who leaves before a page is whole is not an error
            super().handle_error(request, client_address)


def server(folder: Path, port: int = 0, prefix: str = "/", quiet: bool = False) -> Server:
    """A server on this machine's loopback only; port 0 takes a free one."""
    return Server(("127.0.0.1", port), partial(Pages, directory=str(folder), prefix=prefix, quiet=quiet))


@contextmanager
def running(server: Server) -> Iterator[str]:
    """Its address, without a slash at the end, while it serves in a thread of its own."""
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    if not options.folder.is_dir():
        sys.exit(f"There is no folder {options.folder}: run `make book` first.")
    try:
        pages = server(options.folder, options.port)
    except OSError as error:
        sys.exit(f"Port {options.port} can't be used ({error.strerror}): try another, as in `make serve PORT={options.port + 1}`.")
    except OverflowError as error:
        sys.exit(f"{options.port} is not a port ({error}): choose one from 1024 to 65535, as in `make serve PORT=8001`.")
    with pages:
        print(f"The book is at http://localhost:{pages.server_port}/ until you press Ctrl+C.", flush=True)
        try:
            pages.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
