"""The pickers. A model is one YAML file in config/models and the module named there as its `adapter`.

Every adapter module has a class `Adapter` that follows `pickbench.models.base.Adapter`; nothing outside it asks for a
model's name.
"""

import importlib
import pkgutil

from pickbench.errors import InputError, model_file
from pickbench.messages import suggestion

FOUNDATIONS = {"base", "curves", "network", "readout", "settings"}


def adapters() -> list[str]:
    """Names of the adapter modules: all of this package but what adapters are built on."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in FOUNDATIONS)


def load_adapter(settings: dict):
    """Make the adapter of a model.

    Parameters
    ----------
    settings
        The model's settings, as `pickbench.config.load_project` gives them.

    Returns
    -------
    pickbench.models.base.Adapter

    Raises
    ------
    InputError
        For an adapter, an architecture or a setting that does not exist, or a task that the adapter cannot do.
    """
    check_adapter(settings)
    adapter = importlib.import_module(f"pickbench.models.{settings['adapter']}").Adapter(settings)
    adapter.check_claims()
    return adapter


def check_adapter(settings: dict) -> None:
    """Look whether a model's adapter exists, without importing any.

    Raises
    ------
    InputError
        When it does not.
    """
    name = settings["adapter"]
    if name not in adapters():
        raise InputError(f"{model_file(settings['id'])}: unknown adapter '{name}'{suggestion(name, adapters())}")
