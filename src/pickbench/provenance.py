"""What results depend on, and what they were made on, for the records beside a picker and its predictions."""

import platform
from importlib.metadata import PackageNotFoundError, version

from pickbench import __version__

PACKAGES = (
    *("torch", "pytorch-lightning", "seisbench", "obspy", "numpy", "pandas", "scipy"),
    *("scikit-optimize", "scikit-learn"),
)


def versions() -> dict[str, str]:
    """Versions of pickbench, Python, and the packages that results depend on."""
    found = {"pickbench": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def answering_device(model: dict) -> str:
    """What a model answers windows on, cpu or cuda: a GPU where there is one and the model has a network for it.

    Parameters
    ----------
    model
        The model's settings.
    """
    # What only asks for versions needs neither.
    from pickbench.models import load_adapter

    if not load_adapter(model).networks():
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
