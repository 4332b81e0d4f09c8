"""What the wheel holds beyond the modules: the widgets' scripts, and data/ (trained networks, statistics) as senet/data.

Where the scripts are missing they are built, so that pip can install straight from the repository. In a checkout `make` has built
them before it installs the package, and nothing is left to do; data/ stays where it is, and so senet finds the one that is edited.
"""

import subprocess
import sys
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelContents(BuildHookInterface):
    def initialize(self, version: str, build_data: dict) -> None:
        if self.target_name != "wheel":
            return
        if version != "editable":
            build_data["force_include"]["data"] = "senet/data"
        root = Path(self.root)
        if not (root / "sebook/widgets/static/page.js").exists():
            self.app.display_info("Building the widgets' scripts ...")
            for arguments in (["ci", "--omit=dev"], ["run", "build"]):  # types and format are checked elsewhere
                subprocess.run([sys.executable, root / "tools/npm.py", "--prefix", root / "frontend", *arguments], check=True)
