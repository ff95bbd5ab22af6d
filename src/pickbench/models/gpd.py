"""GPD (Ross et al. 2018, doi 10.1785/0120180080): whether there is a P, an S or neither in the middle of 4 s.

A window is read out by sliding the network over it; only the positions that lie in the window are computed.
"""

import seisbench.models as sbm
import torch

from pickbench.models.base import TrainingPlan
from pickbench.models.network import COMPONENTS, NORMALISED_OTHERWISE, Network, in_order_of
from pickbench.models.readout import from_classes, of_classes
from pickbench.models.settings import number, number_or_null, whole
from pickbench.protocol import RATE_HZ
from pickbench.training.labels import class_labels, negative_log_likelihood, point_labels, soft_cross_entropy
from pickbench.training.transforms import demean, highpass, normalise

SAMPLES = 400
# The sample of its input that an output speaks of, which is where the labels are taken in training.
CENTRE = (SAMPLES - 1) // 2
# Samples from one position to the next in the published code.
PUBLISHED_STRIDE = 5
# The original labels: a pick counts when it is at least a second from the edges.
MARGIN = 100
# The published code reads 601 positions out of 34 s, takes the first and last 200 samples for noise, and the middle
# of each stride for the pick.
PUBLISHED_SAMPLES, PUBLISHED_MARGIN = 3400, 200
# Positions at a time: few enough for what comes between layers to stay in a processor's cache, whatever the batch.
POSITIONS = 256


class Adapter(Network):
    """GPD; `sigma_samples` gives soft labels at the centre, null the original labels."""

    ARCHITECTURES = {"GPD": sbm.GPD}
    SETTINGS = {
        **Network.SETTINGS,
        "sigma_samples": number_or_null(0.1, SAMPLES),
        "highpass_hz": number(0.01, 45),
        "stride_samples": whole(1, SAMPLES),
    }
    READ_OUT_SETTINGS = frozenset({"stride_samples"})
    train_samples = SAMPLES
    input_samples = PUBLISHED_SAMPLES

    @property
    def stride(self) -> int:
        """Samples from one position to the next."""
        return PUBLISHED_STRIDE if self.reads_as_published else self.own["stride_samples"]

    def model_args(self) -> dict:
        """Classes in the order P, S, noise, and the filter."""
        return {
            "phases": "PSN",
            "filter_args": ["highpass"],
            "filter_kwargs": {"freq": self.own["highpass_hz"], "corners": 1},
            "component_order": COMPONENTS,
        }

    def caution(self) -> str:
        """SeisBench's class normalises as the default variant does."""
        return NORMALISED_OTHERWISE if self.learns_as_published else ""

    def prepare(self, network: torch.nn.Module, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Demean and filter, (B, 3, 400); the network itself scales by the peak of all components.

        The published code detrends, and scales each component by its own peak.
        """
        waveforms = in_order_of(network, waveforms)
        if self.learns_as_published:
            waveforms = normalise(waveforms, valid, "peak", trend=True)
        else:
            waveforms = demean(waveforms, valid)
        if not network.filter_args:
            return waveforms
        filtering = network.filter_kwargs
        return highpass(waveforms, filtering["freq"], RATE_HZ, filtering.get("corners", 4))

    def labels(
        self, network: torch.nn.Module, picks: torch.Tensor, phases: tuple[str, ...], plan: TrainingPlan
    ) -> torch.Tensor:
        """Probabilities of the classes at the centre, (B, 3), or the class as an index, (B,) int64."""
        sigma = self.own["sigma_samples"]
        if sigma is None:
            return class_labels(picks, phases, network.phases, SAMPLES, MARGIN, -MARGIN)
        return point_labels(picks, phases, network.phases, SAMPLES, sigma)

    def loss(self, output: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Soft cross entropy, or the negative log-likelihood of the class."""
        if self.own["sigma_samples"] is None:
            return negative_log_likelihood(output, labels, 1e-10)
        return soft_cross_entropy(output, labels)

    def frame(self, start, end, npts) -> tuple:
        """Take the windows with what the outermost positions see beyond them; no window is too long."""
        if self.reads_as_published:
            return super().frame(start, end, npts)
        return start - CENTRE, int((end - start).max(initial=0)) + SAMPLES

    def inputs_of(self, network: torch.nn.Module, waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """The waveforms as they are: hundreds of positions of each are prepared bit by bit."""
        return waveforms

    def apply(
        self, network: torch.nn.Module, inputs: torch.Tensor, valid: torch.Tensor, borders: torch.Tensor
    ) -> torch.Tensor:
        """Probabilities at every sample of the input, (B, 3, L); outside the windows noise."""
        row, begin = self._positions(borders)
        offset = PUBLISHED_MARGIN if self.reads_as_published else CENTRE
        views = inputs.unfold(-1, SAMPLES, 1)
        curves = inputs.new_zeros(len(inputs), inputs.shape[-1] + self.stride, len(network.phases))
        curves[..., network.phases.index("N")] = 1
        stride = torch.arange(self.stride, device=inputs.device)
        for part_row, part in zip(row.split(POSITIONS), begin.split(POSITIONS), strict=True):
            within = (valid[part_row] - part[:, None]).clamp(0, SAMPLES)
            prepared = self.prepare(network, views[part_row, :, part], within)
            curves[part_row[:, None], part[:, None] + offset + stride] = network(prepared)[:, None]
        return curves.transpose(1, 2)

    def read_out(self, network: torch.nn.Module, output: torch.Tensor, borders: torch.Tensor) -> dict:
        """Take the largest probabilities in the window, and the samples that they speak of."""
        given = from_classes(output, network.phases, borders)
        if self.reads_as_published:
            for phase in ("p_sample_pred", "s_sample_pred"):
                given[phase] = given[phase] + PUBLISHED_STRIDE // 2
        return given

    def curves_of(self, network: torch.nn.Module, output: torch.Tensor, borders: torch.Tensor) -> dict:
        """All three within the window, a step for each position; beyond it nothing was computed."""
        sample = torch.arange(output.shape[-1], device=output.device)
        beyond = (sample < borders[:, :1]) | (sample >= borders[:, 1:])
        curves = of_classes(output, network.phases)
        return {name: curve.masked_fill(beyond, float("nan")) for name, curve in curves.items()}

    def _positions(self, borders: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Row and first sample of every position that the windows need, (n,) each."""
        first, end = borders.unbind(dim=1)
        if self.reads_as_published:
            # Sample j is answered by position (j - margin) // stride of the 601.
            low = torch.div(first - PUBLISHED_MARGIN, PUBLISHED_STRIDE, rounding_mode="floor").clamp(min=0)
            last = (PUBLISHED_SAMPLES - SAMPLES) // PUBLISHED_STRIDE
            high = torch.div(end - 1 - PUBLISHED_MARGIN, PUBLISHED_STRIDE, rounding_mode="floor").clamp(max=last)
            number, begin = (high - low + 1).clamp(min=0), low * PUBLISHED_STRIDE
        else:
            number, begin = -torch.div(first - end, self.stride, rounding_mode="floor"), first - CENTRE
        row = torch.repeat_interleave(torch.arange(len(borders), device=borders.device), number)
        within_row = torch.arange(len(row), device=row.device) - (number.cumsum(0) - number)[row]
        return row, begin[row] + self.stride * within_row
