"""Published weights on real recordings, through the whole workflow and without any training."""

from pathlib import Path

import pandas as pd
import pytest
import seisbench.models as sbm
import yaml

from pickbench.data.prepared import PreparedDataset
from pickbench.yamlfiles import read_yaml
from tests.conftest import ROOT
from tests.contract.seisbench_picks import annotated_pick
from tests.workflow.support import planned, snakemake

DATASETS = ["ncedc-phasenet", "ncedc-easyquake", "obs-obstransformer", "stead-ta109c"]
WEIGHTS = {"phasenet": "volpick", "phasenetlight": "ethz", "eqtransformer": "volpick"}
MODELS = list(WEIGHTS)
# P and S found of 154, by another hand (README of the shared data), which looked at more than the 10 s around a pick.
COUNTS = {"phasenet": (152, 150), "eqtransformer": (152, 150), "phasenetlight": (146, 144)}
NEAR_S = 0.5
# The same traces with windows of 30 s that hold both picks, as published windows may.
LONG = "ncedc-phasenet-30s"


def write_dataset(shared: Path, folder: Path, name: str) -> None:
    """The dataset's file and metadata with all in test but what the other splits need: one trace and three."""
    raw = folder / "raw" / name
    raw.mkdir(parents=True)
    metadata = pd.read_csv(shared / "data" / name / "metadata.csv")
    picked = metadata.index[metadata[["trace_p_arrival_sample", "trace_s_arrival_sample"]].notna().all(axis=1)]
    metadata["split"] = "test"
    metadata.loc[picked[0], "split"] = "train"
    metadata.loc[picked[1:4], "split"] = "dev"
    metadata.to_csv(raw / "metadata.csv", index=False)
    (raw / "waveforms.hdf5").symlink_to((shared / "data" / name / "waveforms.hdf5").resolve())
    content = read_yaml(ROOT / "tests" / "workflow" / "datasets" / f"{name}.yaml") | {"source": {"path": str(raw)}}
    (folder / "datasets").mkdir(exist_ok=True)
    (folder / "datasets" / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    if LONG.startswith(name):
        write_long_windows(metadata, folder / "windows")
        content |= {"title": LONG, "windows": str(folder / "windows")}
        (folder / "datasets" / f"{LONG}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def write_long_windows(metadata: pd.DataFrame, folder: Path) -> None:
    """30 s from 5 s before each P on, once to ask for the P and once for the S."""
    start = metadata["trace_p_arrival_sample"].astype(int) - 500
    fixed = {
        "trace_name": metadata["trace_name"],
        "trace_split": metadata["split"],
        "sampling_rate": 100.0,
        "start_sample": start,
        "end_sample": start + 3000,
    }
    of_phase = [
        pd.DataFrame(
            {
                **fixed,
                "phase_label": phase,
                "full_phase_label": phase,
                "phase_onset": metadata[f"trace_{phase.lower()}_arrival_sample"],
            }
        )
        for phase in "PS"
    ]
    folder.mkdir()
    pd.concat(of_phase).to_csv(folder / "task23.csv", index=False)


@pytest.fixture(scope="module")
def run(shared, tmp_path_factory) -> Path:
    """A finished run: three published pickers on four datasets."""
    folder = tmp_path_factory.mktemp("published")
    published = {}
    for model in MODELS:
        (weights,) = (shared / "weights" / model).glob(f"{WEIGHTS[model]}.pt.*")
        metadata = weights.with_name(weights.name.replace(".pt.", ".json."))
        published.setdefault(WEIGHTS[model], {})[model] = {"weights": str(weights), "metadata": str(metadata)}
    for name in DATASETS:
        write_dataset(shared, folder, name)
    config = {
        "dataset_dirs": [str(folder / "datasets")],
        "datasets": [*DATASETS, LONG],
        "sources": ["pre-volpick", "pre-ethz"],
        "published": published,
        "models": MODELS,
        # So that every pick has a window, also where S follows P by half a second.
        "windows": {"isolation_s": 0.0, "edge_s": 0.1},
        "prediction": {"threads": 1},
    }
    (folder / "published.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    jobs = planned(snakemake("--configfile", folder / "published.yaml", "-n", directory=folder))
    assert "train" not in jobs and "select" not in jobs and jobs["adopt"] == jobs["predict"] == len(MODELS)
    snakemake("--configfile", folder / "published.yaml", "--cores", "2", directory=folder)
    return folder


def picks(run: Path, model: str, dataset: str) -> pd.DataFrame:
    """All picks of a published picker on dev and test, with their residuals in seconds."""
    folder = run / "results" / "predictions" / model / f"pre-{WEIGHTS[model]}" / "seed42" / dataset
    table = pd.concat([pd.read_parquet(folder / f"{split}_task23.parquet") for split in ("dev", "test")])
    pick = table["p_sample_pred"].where(table["phase_label"] == "P", table["s_sample_pred"])
    return table.assign(residual_s=(pick - table["phase_onset"]) / 100)


def share(residual_s: pd.Series) -> float:
    return float((residual_s.abs() <= NEAR_S).mean())


def test_shares_of_picks_near_their_labels(run, capsys):
    rows = []
    for model in MODELS:
        for dataset in [*DATASETS, LONG]:
            by_phase = picks(run, model, dataset).groupby("phase_label")["residual_s"]
            found = {phase: f"{share(part):.3f} of {len(part)}" for phase, part in by_phase}
            rows.append({"model": model, "weights": WEIGHTS[model], "target": dataset, **found})
    with capsys.disabled():
        print(f"\nShare of picks within {NEAR_S} s, dev and test:\n{pd.DataFrame(rows).to_string(index=False)}\n")
    for model, counts in COUNTS.items():
        by_phase = picks(run, model, LONG).groupby("phase_label")["residual_s"]
        for phase, count in zip("PS", counts, strict=True):
            assert len(by_phase.get_group(phase)) == 153
            assert share(by_phase.get_group(phase)) == pytest.approx(count / 154, abs=0.02)


@pytest.mark.parametrize("model", MODELS)
def test_seisbench_picks_as_many_in_the_same_windows(run, shared, model):
    """SeisBench looks at other windows of the trace and averages, so single picks differ by some tenths of a second."""
    (path,) = (shared / "weights" / model).glob("*.pt.*")
    architecture = getattr(sbm, read_yaml(ROOT / "config" / "models" / f"{model}.yaml")["architecture"])
    stem, version = str(path).split(".pt.v")
    network = architecture.load(stem, version_str=version)
    dataset, ours = PreparedDataset(run / "results" / "data" / "ncedc-phasenet"), picks(run, model, "ncedc-phasenet")
    theirs = [
        annotated_pick(network, dataset.waveform(w.trace_idx), w.phase_label, w.start_sample, w.end_sample)
        for w in ours.itertuples()
    ]
    theirs = ours.assign(residual_s=(theirs - ours["phase_onset"]) / 100)
    for phase in "PS":
        here, there = (table.loc[table["phase_label"] == phase, "residual_s"] for table in (ours, theirs))
        assert share(here) == pytest.approx(share(there), abs=0.02)
        assert share(here - there) > 0.95


def test_published_sources_are_across_domains_and_have_the_target_s_thresholds(run):
    table = pd.read_csv(run / "results" / "metrics.csv", keep_default_na=False)
    assert set(table["source"]) == {"pre-volpick", "pre-ethz"} and set(table["lr"].astype(str)) == {""}
    assert set(table.loc[table["metric"] == "mcc", "threshold_from"]) == {"target"}
    across = pd.read_csv(run / "results" / "tables" / "cross-domain-onset-p.csv").set_index(
        ["metric", "model", "source"]
    )
    assert across.loc[("mae_s", "phasenet", "pre-volpick"), DATASETS].notna().all()
    at_home = pd.read_csv(run / "results" / "tables" / "in-domain-onset-p.csv")
    assert at_home.loc[at_home["model"] != "(windows)", DATASETS].isna().all(axis=None)
    assert not (run / "results" / "figures" / "in-domain").exists()
    for model in MODELS:
        assert (run / "results" / "figures" / "cross-domain" / f"{model}-residuals-P.pdf").is_file()
    assert list((run / "results" / "export").rglob("*.pt*")) == []


def test_a_second_run_does_nothing_and_changed_weights_are_taken_over_again(run):
    assert planned(snakemake("--configfile", run / "published.yaml", "-n", directory=run)) == {}
    changed = read_yaml(run / "published.yaml")
    changed["published"]["volpick"]["phasenet"] = "volpick"
    (run / "changed.yaml").write_text(yaml.safe_dump(changed), encoding="utf-8")
    jobs = planned(snakemake("--configfile", run / "changed.yaml", "-n", directory=run))
    assert jobs["adopt"] == jobs["predict"] == 1


def test_weights_that_no_picker_has_are_named(run):
    wrong = "results/selected/phasenet/pre-ethz/seed42.json"
    done = snakemake("--configfile", run / "published.yaml", "-n", wrong, directory=run, check=False)
    assert done.returncode != 0 and "pre-ethz has no weights of phasenet" in done.stdout + done.stderr
