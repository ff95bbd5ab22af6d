"""What shows that a file has been unpickled."""

import os
from pathlib import Path


class Trap:
    """An object that makes a folder when it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)
