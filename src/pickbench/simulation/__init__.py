"""Synthetic twins of real datasets: physics and label habits from a recipe, written in SeisBench format.

The one entry is `simulate`. What differs between twins is data in their recipes (the object `source.simulate` of a
dataset's YAML file); the modules know no twin by name.
"""

from pathlib import Path


def simulate(recipe: dict, output: Path, *, seed: int) -> None:
    """Write the twin that `recipe` describes as a SeisBench dataset; see `pickbench.simulation.twin.write_twin`.

    Parameters
    ----------
    recipe
        The object `source.simulate` of a dataset's YAML file, valid under simulation.schema.yaml.
    output
        Folder that receives metadata.csv and waveforms.hdf5.
    seed
        The same seed and recipe give the same files, bit for bit.

    Raises
    ------
    InputError
        Where values contradict each other in a way that the schema cannot say.
    """
    from pickbench.simulation.twin import write_twin

    write_twin(recipe, Path(output), seed=seed)
