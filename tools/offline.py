"""Run a command with the network cut off: `python -m tools.offline jupyter lab`. This machine's own loopback stays.

On Linux in a network namespace of its own, where that is allowed (to root, and on many systems to everybody). Elsewhere all that
heeds proxies is sent to one that refuses, and a line says so.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000  # linux/sched.h
SET_FLAGS, UP = 0x8914, 0x1  # linux/sockios.h, linux/if.h
REFUSING = "http://127.0.0.1:9"  # the port "discard", where nobody listens


def cut() -> bool:
    """Leave this process and its children without a network. Returns whether the system could do so."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(NEW_NETWORK) and libc.unshare(NEW_USER | NEW_NETWORK):
            return False
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as loopback:  # a new namespace has it, switched off
            fcntl.ioctl(loopback, SET_FLAGS, struct.pack("16sh14x", b"lo", UP))
    except (AttributeError, OSError):
        return False
    return True


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__.splitlines()[0])
    if not cut():
        print("This system lets nobody cut off the network: only what heeds proxies is kept from it.", file=sys.stderr)
        os.environ |= dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), REFUSING)
        os.environ |= {"no_proxy": "127.0.0.1,localhost", "PIP_CONFIG_FILE": os.devnull}
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
