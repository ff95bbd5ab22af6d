"""CRED (Mousavi et al. 2019, doi 10.1038/s41598-019-45748-1): detection alone, from spectrograms of 30 s.

Its 19 outputs lie 160 samples apart: a column of the spectrogram every 40, and two strides of 2.
"""

import seisbench.models as sbm
import torch
from torch.nn.functional import binary_cross_entropy

from pickbench.models.base import TrainingPlan
from pickbench.models.network import COMPONENTS, NORMALISED_OTHERWISE, Network, in_order_of
from pickbench.models.settings import flag
from pickbench.training.draws import WindowRecipe
from pickbench.training.labels import cell_labels, detection_labels
from pickbench.training.transforms import normalise, spectrogram, spectrogram_shape

SAMPLES = 3000
# Output i is centred on sample 160 i; its cell reaches half way to its neighbours, the last one to the end.
CELL_EDGES = (*range(-80, 2801, 160), SAMPLES)
# The published code takes cells of 158 samples, and so loses up to 38 samples over the window.
PUBLISHED_CELL = 158
PUBLISHED_EDGES = tuple(range(0, 19 * PUBLISHED_CELL + 1, PUBLISHED_CELL))
# Windows at a time on a processor, so that what comes between waveforms and spectrograms stays in its cache.
BLOCK = 16


class Adapter(Network):
    """CRED."""

    ARCHITECTURES = {"CRED": sbm.CRED}
    GIVES = ("score_detection",)
    SETTINGS = {**Network.SETTINGS, "use_random_window": flag()}
    train_samples = input_samples = SAMPLES

    def model_args(self) -> dict:
        """Nothing but the order of components can be chosen."""
        return {"component_order": COMPONENTS}

    def recipe(self, plan: TrainingPlan) -> WindowRecipe:
        """Windows of 30 s, most of them around a pick."""
        return super().recipe(plan).within(plan.random_window if self.own["use_random_window"] else None)

    def caution(self) -> str:
        """SeisBench's class normalises as the default variant does."""
        return NORMALISED_OTHERWISE if self.learns_as_published else ""

    def prepare(self, network: torch.nn.Module, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Spectrograms (B, 3, 76, 41) of demeaned windows, scaled over all components as SeisBench does.

        The published code detrends, and scales each component by its peak.
        """
        waveforms = in_order_of(network, waveforms)
        size = BLOCK if waveforms.device.type == "cpu" else len(waveforms)
        spectrograms = waveforms.new_empty(spectrogram_shape(waveforms))
        waveforms = self._normalised(waveforms, valid)
        for part, out in zip(waveforms.split(size), spectrograms.split(size), strict=True):
            spectrogram(part, out=out)
        return spectrograms

    def _normalised(self, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        if self.learns_as_published:
            return normalise(waveforms, valid, "peak", trend=True)
        return normalise(waveforms, valid, "std", across=True)

    def labels(
        self, network: torch.nn.Module, picks: torch.Tensor, phases: tuple[str, ...], plan: TrainingPlan
    ) -> torch.Tensor:
        """Share of each output's cell that lies within the event, (B, 19)."""
        detection = detection_labels(picks, phases, SAMPLES, plan.detection_samples)
        if self.learns_as_published:
            return cell_labels(detection, PUBLISHED_EDGES, padded=True)
        return cell_labels(detection, CELL_EDGES)

    def loss(self, output: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Binary cross entropy."""
        return binary_cross_entropy(output[..., 0], labels)

    def read_out(self, network: torch.nn.Module, output: torch.Tensor, borders: torch.Tensor) -> dict:
        """Take the largest of the outputs whose cells the window touches."""
        first, end = borders[:, :1], borders[:, 1:]
        if self.reads_as_published:
            cell = torch.arange(output.shape[1], device=output.device)
            touched = (cell >= first // PUBLISHED_CELL) & (cell <= end // PUBLISHED_CELL)
        else:
            edges = torch.tensor(CELL_EDGES, device=output.device)
            touched = (edges[:-1] < end) & (edges[1:] > first)
        return {"score_detection": output[..., 0].masked_fill(~touched, float("-inf")).amax(dim=1)}

    def curves_of(self, network: torch.nn.Module, output: torch.Tensor, borders: torch.Tensor) -> dict:
        """Give the detection, the same over each output's cell; the published cells end before the window does."""
        edges = torch.tensor(PUBLISHED_EDGES if self.reads_as_published else CELL_EDGES, device=output.device)
        cell = torch.bucketize(torch.arange(SAMPLES, device=output.device), edges, right=True) - 1
        return {"detection": output[..., 0][:, cell.clamp(max=output.shape[1] - 1)]}
