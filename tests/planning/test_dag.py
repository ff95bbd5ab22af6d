"""What Snakemake plans: the whole grid, single targets, and one line for a mistake. Nothing is run here."""

import re
import shlex
from collections import Counter

import pytest
import yaml

from pickbench.yamlfiles import read_yaml
from tests.conftest import ROOT
from tests.workflow.support import planned, snakemake

DEMO = ROOT / "config" / "demo.yaml"


def test_paper_s_grid_is_planned_without_data(tmp_path):
    jobs = planned(snakemake("-n", directory=tmp_path))
    config = read_yaml(ROOT / "config" / "config.yaml")
    datasets = len(config["datasets"])
    models = [read_yaml(ROOT / "config" / "models" / f"{name}.yaml") for name in config["models"]]
    kinds = Counter(model.get("learns_from", "traces") for model in models)
    # A search has one candidate from each source but LenDB, which has no windows to search on.
    searched = kinds["windows"] * (datasets - 1)
    assert jobs["fetch_dataset"] == datasets
    trained = datasets * kinds["traces"]
    controls = datasets * kinds["nothing"]
    assert jobs["train"] == trained * len(config["learning_rates"]) and jobs["predict"] == trained
    assert jobs["train_on_cpu"] == jobs["predict_on_cpu"] == controls + searched
    assert jobs["select"] == jobs["metrics"] == trained + controls + searched
    assert jobs["search"] == kinds["windows"] and jobs["losses"] == kinds["traces"]
    assert jobs["demand"] == jobs["findings"] == jobs["published"] == jobs["provenance"] == jobs["dropped"] == 1
    # One figure of each phase that a model picks.
    picked = sum(len(model.get("phases", ["P", "S"])) for model in models if 3 in model["tasks"])
    assert jobs["residuals_cross_domain"] == picked
    assert jobs["residuals_in_domain"] == 2
    # Across domains: AUC, MCC and the errors of P and S; residuals of P and S.
    assert (jobs["roc"], jobs["matrices"], jobs["boxes"]) == (1, 4, 2)
    # Every dataset is described; residuals of both phases against two conditions need tasks 2 and 3, so not LenDB.
    assert jobs["facts"] == jobs["overview"] == datasets
    assert jobs["conditions"] == 2 * 2 * (datasets - 1)
    assert jobs["examples"] == jobs["draw_examples"] == datasets - 1 and jobs["example_table"] == 1
    # NEIC has no task 1, LenDB no tasks 2 and 3.
    assert jobs["windows"] == 2 * datasets - 2
    chunks = [read_yaml(ROOT / "config" / "datasets" / f"{name}.yaml").get("chunks", 1) for name in config["datasets"]]
    assert jobs["prepare"] == sum(chunks)


def test_demo_has_a_dataset_of_each_region():
    regions = {
        read_yaml(ROOT / "config" / "datasets" / f"{name}.yaml")["region"] for name in read_yaml(DEMO)["datasets"]
    }
    assert regions == {"local", "regional", "teleseismic"}


def test_a_single_cell_needs_one_picker(tmp_path):
    cell = "results/predictions/phasenet/mini-stead/seed42/mini-geofon/test_task23.parquet"
    jobs = planned(snakemake("--configfile", DEMO, "-n", cell, directory=tmp_path))
    assert jobs["predict_cell"] == jobs["select"] == 1
    assert jobs["train"] == len(read_yaml(DEMO)["learning_rates"])
    assert jobs["simulate"] == 2
    assert "predict" not in jobs and "metrics" not in jobs


@pytest.mark.parametrize("figure", ["cross-domain/baer-kradolfer-residuals", "in-domain/residuals"])
def test_there_is_no_figure_of_a_phase_that_no_model_picks(figure, tmp_path):
    words = ("--configfile", DEMO, "--config", "models=[baer-kradolfer,cred]", "-n")
    said = snakemake(*words, directory=tmp_path).stdout
    assert f"{figure}-P.pdf" in said and f"{figure}-S.pdf" not in said


COMPARED = {
    # Models, datasets -> which figures compare them.
    ("baer-kradolfer", "mini-stead"): ["boxes-P", "matrix-mae-P"],
    ("cred", "mini-stead"): ["matrix-auc", "roc"],
    ("phasenet", "mini-lendb"): ["matrix-auc", "roc"],
    ("phasenet", "mini-geofon"): ["boxes-P", "boxes-S", "matrix-auc", "matrix-mae-P", "matrix-mae-S", "roc"],
    ("phasenet", "mini-neic"): ["boxes-P", "boxes-S", "matrix-mae-P", "matrix-mae-S", "matrix-mcc"],
    # Controls alone are in no comparison of sources.
    ("oracle,random", "mini-stead"): ["roc"],
}


@pytest.mark.parametrize(("models", "datasets"), COMPARED)
def test_figures_compare_what_models_answer_and_datasets_ask(models, datasets, tmp_path):
    config = ("--config", f"models=[{models}]", f"datasets=[{datasets}]", f"sources=[{datasets}]")
    said = snakemake("--configfile", DEMO, *config, "-n", "figures", directory=tmp_path).stdout
    found = set(re.findall(r"results/figures/\S*?((?:roc|matrix|boxes)\S*)\.pdf", said))
    assert sorted(found) == COMPARED[models, datasets]


def test_published_weights_are_compared_across_domains_only(tmp_path):
    path = tmp_path / "mine.yaml"
    published = {"published": {"volpick": {"phasenet": "volpick"}}, "models": ["phasenet"]}
    changes = {**published, "datasets": ["mini-stead"], "sources": ["pre-volpick"]}
    path.write_text(yaml.safe_dump({**read_yaml(DEMO), **changes}), encoding="utf-8")
    jobs = planned(snakemake("--configfile", path, "-n", "figures", directory=tmp_path))
    assert "roc" not in jobs and (jobs["matrices"], jobs["boxes"]) == (4, 2)
    # A dataset that is no source has examples by published weights.
    assert jobs["examples"] == jobs["draw_examples"] == 1


def test_records_of_a_target_alone_are_described_and_those_of_a_source_have_residuals(tmp_path):
    said = snakemake("--configfile", DEMO, "-n", directory=tmp_path).stdout
    for name in ("mini-stead", "mini-ethz", "mini-geofon"):
        assert f"results/figures/datasets/{name}.pdf" in said
        for condition in ("snr", "distance"):
            figure = f"results/figures/in-domain/{name}-residuals-P-{condition}.pdf"
            assert (figure in said) == (name != "mini-ethz")
        # Nor has it examples: no picker learned from it, and none is published.
        assert (f"results/figures/examples/{name}.pdf" in said) == (name != "mini-ethz")


def test_the_study_of_rates_is_planned_when_it_is_on(tmp_path):
    off = planned(snakemake("--configfile", DEMO, "-n", directory=tmp_path))
    assert not any("rate" in rule for rule in off)
    study = "rate_study={models: [phasenet, baer-kradolfer, cred], targets: [mini-geofon]}"
    on = planned(snakemake("--configfile", DEMO, "--config", study, "-n", directory=tmp_path))
    # Three models from the two sources; CRED has no onsets, and Baer-Kradolfer none of S.
    once = {"collect_rates": 1, "rate_table": 1}
    studied = {"predict_rates": 4, "predict_rates_on_cpu": 2, "metrics_rates": 6, **once, "residuals_rates": 3}
    assert {rule: count - off.get(rule, 0) for rule, count in on.items() if count != off.get(rule)} == studied


#: One that is found as a configuration is read, and one that is found later. All others: tests/unit/test_config.py.
MISTAKES = {
    "unknown key": ({"modles": ["phasenet"]}, "unknown key 'modles'; did you mean 'models'?"),
    "study of another model": (
        {"rate_study": {"models": ["phasnet"]}},
        "key 'rate_study.models': 'phasnet' is not among the run's models; did you mean 'phasenet'?",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_one_clear_line(name, tmp_path):
    changes, message = MISTAKES[name]
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**read_yaml(DEMO), **changes}), encoding="utf-8")
    done = snakemake("--configfile", path, "-n", directory=tmp_path, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in said
    line = next(line for line in said.splitlines() if message in line)
    assert "mine.yaml" in line


def test_published_weights_that_are_not_used_are_one_line(tmp_path):
    path = tmp_path / "mine.yaml"
    published = {"published": {"volpick": {"phasenetlight": "volpick"}}}
    path.write_text(yaml.safe_dump({**read_yaml(DEMO), **published}), encoding="utf-8")
    done = snakemake("--configfile", path, "-n", directory=tmp_path)
    (line,) = [line for line in (done.stdout + done.stderr).splitlines() if "not used" in line]
    assert "mine.yaml: key 'published.volpick' is not used: pre-volpick is not among `sources`" in line


def readme_commands() -> list[str]:
    text = "".join((ROOT / folder / "README.md").read_text(encoding="utf-8") for folder in ("", "config", "profiles"))
    blocks = "\n".join(re.findall(r"```bash\n(.*?)```", text, flags=re.S)).replace("\\\n", " ")
    lines = [line.split("#")[0].strip() for line in blocks.splitlines()]
    # A report is made of what is there: see test_report.py.
    commands = [line for line in lines if "snakemake " in f"{line} " and "--report" not in line]
    return sorted({line.removeprefix(".venv/bin/") for line in commands})


@pytest.mark.parametrize("command", readme_commands())
def test_commands_of_the_documentation_are_planned(command, tmp_path):
    for name in ("config", "slurm"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "my.yaml").write_text("datasets: [mini-stead]\nmodels: [phasenet]\n", encoding="utf-8")
    assert planned(snakemake("-n", *shlex.split(command)[1:], directory=tmp_path))
