"""The grid follows from what datasets and models declare."""

import pytest

from pickbench.config import load_project
from pickbench.errors import InputError
from pickbench.grid import Grid, learning_rate_id
from pickbench.yamlfiles import read_yaml
from tests.conftest import ROOT

BASE = read_yaml(ROOT / "config" / "config.yaml")


def grid(**changes) -> Grid:
    return Grid(load_project({**BASE, **changes}, ROOT, [ROOT / "config" / "config.yaml"]))


PAPER_S_MODELS = ("phasenet", "basicphaseae", "cred", "dpp", "eqtransformer", "gpd")


@pytest.mark.parametrize(("configuration", "neic"), [("config", "neic"), ("rehearsal", "mini-neic")])
def test_paper_s_pairs(configuration, neic):
    """Six models go from each of eight sources to seven others: 336 pairs, as far as both ends have a task."""
    file = ROOT / "config" / f"{configuration}.yaml"
    paper = Grid(load_project({**BASE, **read_yaml(file)}, ROOT, [file]))
    pairs = {
        (model, source, target)
        for model, source, _ in paper.pickers()
        for target in paper.targets_of(model)
        if source != target and model in PAPER_S_MODELS
    }
    assert len(paper.sources) == len(paper.targets) == 8
    wanted = {(m, s, t) for m in PAPER_S_MODELS for s in paper.sources for t in paper.targets if s != t}
    assert len(wanted) == 336
    # CRED detects and nothing else, and NEIC has no windows for that.
    assert wanted - pairs == {("cred", source, neic) for source in paper.sources if source != neic}


def test_tasks_of_a_pair_are_those_of_its_target():
    paper = grid(models=["phasenet"])
    assert paper.task_files("phasenet", "neic") == ["task23"]
    assert paper.task_files("phasenet", "lendb") == ["task1"]
    assert paper.task_files("phasenet", "ethz") == ["task1", "task23"]


def test_answers_need_labels_to_learn_from():
    paper = grid()
    assert [a.column for a in paper.answers("phasenet", "lendb")] == ["score_detection", "p_sample_pred"]
    assert len(paper.answers("phasenet", "neic")) == 4


def test_models_that_learn_otherwise_have_one_candidate():
    assert grid().learning_rates("oracle") == ["0"]
    assert grid().learning_rates("baer-kradolfer") == ["0"]
    assert grid().learning_rates("phasenet") == ["0.01", "0.001", "0.0001"]


def test_a_model_may_have_learning_rates_of_its_own():
    some = grid(models=["phasenet", "cred"], model_options={"cred": {"learning_rates": [2e-3]}})
    assert some.learning_rates("cred") == ["0.002"]
    assert some.learning_rates("phasenet") == ["0.01", "0.001", "0.0001"]
    with pytest.raises(InputError, match="'model_options.cred.learning_rates': two of them are 0.01"):
        grid(model_options={"cred": {"learning_rates": [0.01, 0.010000001]}})


def test_a_model_that_no_source_can_teach_is_left_out():
    """LenDB has no windows to search on, and published weights are of their own model alone."""
    some = grid(datasets=["lendb"], targets=["ethz"], models=["phasenet", "baer-kradolfer"])
    (line,) = some.unused()
    assert "baer-kradolfer is left out, since no source can teach it" in line
    with pytest.raises(InputError, match="none of them can learn anything from a source"):
        grid(datasets=["lendb"], targets=["ethz"], models=["baer-kradolfer"])


def test_what_is_learned_from_windows_needs_a_source_that_has_them():
    """LenDB has traces with P to train on, but declares task 1 alone: no windows to tune a picker of P by."""
    paper = grid()
    assert "lendb" in paper.sources_of("phasenet")
    assert sorted(set(paper.sources) - set(paper.sources_of("baer-kradolfer"))) == ["lendb"]
    assert [a.column for a in paper.answers("baer-kradolfer", "neic")] == ["p_sample_pred"]
    assert paper.task_files("baer-kradolfer", "ethz") == ["task23"]
    assert paper.targets_of("baer-kradolfer") == [name for name in paper.targets if name != "lendb"]


def test_sources_and_targets_can_differ():
    some = grid(sources=["stead"], targets=["ethz", "neic"], models=["phasenet"])
    assert some.pickers() == [("phasenet", "stead", 42)]
    assert some.targets_of("phasenet") == ["ethz", "neic"]
    own = grid(datasets=["stead"], targets=["ethz"], models=["phasenet"])
    assert own.sources == ["stead"], "a dataset that is named as a target alone is not trained on"


def test_learning_rates_that_share_a_path():
    with pytest.raises(InputError, match="config.yaml: key 'learning_rates': two of them are 0.01 to six digits"):
        grid(learning_rates=[0.01, 0.010000001])


@pytest.mark.parametrize(("rate", "name"), [(1e-2, "0.01"), (1e-5, "1e-05"), (0.5, "0.5")])
def test_learning_rate_ids(rate, name):
    assert learning_rate_id(rate) == name
    assert float(name) == rate


PUBLISHED = {"volpick": {"phasenet": "volpick"}, "ethz": {"phasenetlight": "ethz@2"}}


def test_published_weights_are_sources_of_their_models_under_one_seed():
    some = grid(datasets=["stead"], models=["phasenet", "oracle"], seeds=[1, 2], published=PUBLISHED)
    assert some.sources == ["stead", "pre-volpick", "pre-ethz"]
    trained = [("phasenet", "stead", 1), ("phasenet", "stead", 2)]
    oracle = [("oracle", "stead", 1), ("oracle", "stead", 2)]
    assert some.pickers() == [*trained, ("phasenet", "pre-volpick", 1), *oracle]
    assert some.trained_pickers() == some.learning_pickers() == trained
    assert len(some.answers("phasenet", "pre-volpick")) == 4
    alone = grid(sources=["pre-ethz"], models=["phasenet", "phasenetlight"], published=PUBLISHED)
    assert alone.pickers() == [("phasenetlight", "pre-ethz", 42)]


def test_what_is_searched_learns_and_is_not_trained():
    some = grid(datasets=["stead"], models=["baer-kradolfer", "oracle"])
    assert some.trained_pickers() == [] and some.learning_pickers() == [("baer-kradolfer", "stead", 42)]


def test_a_source_named_for_nothing_is_refused():
    with pytest.raises(InputError, match="no model of this run learned anything from pre-ethz"):
        grid(sources=["stead", "pre-ethz"], models=["phasenet"], published=PUBLISHED)


def test_published_weights_that_a_run_does_not_use_are_listed():
    """They are no mistake: several runs may share what is published."""
    both = {"volpick": {"phasenet": "volpick", "eqtransformer": "volpick"}, "ethz": {"phasenetlight": "ethz@2"}}
    some = grid(sources=["pre-volpick"], models=["phasenet"], published=both)
    assert [line.split(": ", 1)[1] for line in some.unused()] == [
        "key 'published.volpick.eqtransformer' is not used: eqtransformer is not among `models`",
        "key 'published.ethz' is not used: pre-ethz is not among `sources`",
    ]
    assert grid(models=["phasenet", "phasenetlight", "eqtransformer"], published=both).unused() == []


def test_a_model_without_anything_to_answer_is_left_out():
    some = grid(datasets=["neic"], models=["phasenet", "cred"])
    (line,) = some.unused()
    assert "config.yaml: key 'models': cred is left out" in line
    assert some.pickers() == [("phasenet", "neic", 42)]
    with pytest.raises(InputError, match="config.yaml: key 'models': no dataset to evaluate on has a task of any"):
        grid(datasets=["neic"], models=["cred"])
    assert grid(datasets=["neic"], targets=["ethz"], models=["cred"]).targets_of("cred") == ["ethz"]
