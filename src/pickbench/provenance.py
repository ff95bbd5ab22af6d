"""Versions of what results depend on, for the run.json beside a picker."""

import platform
from importlib.metadata import PackageNotFoundError, version

from pickbench import __version__

PACKAGES = ("torch", "seisbench", "obspy", "numpy", "pandas", "scipy")


def versions() -> dict[str, str]:
    """Versions of pickbench, Python, and the packages that results depend on."""
    found = {"pickbench": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
