"""The order of a comparison's cells, and one cell trained for real on a few icons."""

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score
from sklearn.metrics.pairwise import cosine_similarity

from sbir_tf.errors import UserError
from tests.small import OVERRIDES, use_few_icons
from training.compare import run as run_module
from training.compare.cell import measured, note_seconds, outcome_of, work
from training.compare.run import best_trial, compare, config_in, final_cells, trial_cells
from training.compare.spec import Comparison, Row, comparison_names, load_comparison
from training.config import Config, load_config
from training.evaluate import embed, evaluate_run, trained_encoder
from training.guards import CollapseError
from training.pictures import held_out
from training.preemption import Preempted
from training.run import Run, open_run, write_json

GATED = Row("DASE + MEMS", ("loss.name=mems",), (("loss.margin=4",), ("loss.margin=5",)))
HOG = Row("HOG", (), (("cell=8", "size=32"), ("cell=16", "size=32")), method="hog")
ITQ = Row("ITQ", (), ((), ("unit=true",)), method="itq")
PLAIN = Row("none + MEMS", ("loss.name=mems", "network.gate=none"), ((), ("loss.margin=5",)))


def small_comparison(*rows, seeds=(0, 1)):
    return Comparison("small", "Small", "A note.", "icons_tiny", OVERRIDES, {"Gates": rows}, seeds)


@pytest.fixture
def worked(monkeypatch, tmp_path):
    """The folders of the cells that were trained; each scores as its number says."""
    folders = []

    def run_cell(cell, one_thread):
        folders.append(str(cell.folder.relative_to(tmp_path / "cells")))
        cell.folder.mkdir(parents=True, exist_ok=True)
        name = "config.json" if isinstance(cell.config, Config) else "plan.json"
        write_json(cell.folder / name, cell.config.to_json())
        score = {"map_all": int(cell.folder.name[-1]) / 10, "hit_at_10": 1.0, "per_query_ap": [0.5]}
        scores = {"euclidean": score, "cosine": score | {"map_all": 0.0}}
        values = {"scores": scores, "failure": None, "facts": {"weights": 1}}
        write_json(cell.folder / "scores.json", values)

    monkeypatch.setattr(run_module, "run_cell", run_cell)
    return folders


def test_trials_come_first_and_the_best_one_is_trained_over_all_seeds(worked, tmp_path):
    compare(small_comparison(GATED, PLAIN), tmp_path / "cells")
    rows = ("dase-mems", "none-mems")
    assert worked[:4] == [f"{row}/trial_{number}" for row in rows for number in (0, 1)]
    assert worked[4:] == [f"{row}/chosen_1_seed_{seed}" for seed in (0, 1) for row in rows]


def test_an_interrupted_comparison_trains_only_what_is_missing(worked, tmp_path):
    comparison = small_comparison(GATED)
    compare(comparison, tmp_path / "cells")
    (tmp_path / "cells" / "dase-mems" / "trial_1" / "scores.json").unlink()
    worked.clear()
    compare(comparison, tmp_path / "cells")
    assert worked == ["dase-mems/trial_1"]


def test_a_cell_is_trained_and_scored_under_both_distances(monkeypatch, tmp_path):
    use_few_icons(monkeypatch, tmp_path / "cache")
    config = small_comparison(GATED).final_config(GATED, ("steps=2",), seed=1)
    folder = tmp_path / "cell"
    work(folder, json.loads(json.dumps(config.to_json())), "test")
    outcome = outcome_of(folder)
    assert open_run(folder).config == config and outcome.failure is None
    assert outcome.facts["fit_seconds"] > 0 and outcome.facts["bytes"] == 4 * 8
    run = open_run(folder)
    assert outcome.scores["euclidean"].map_all == pytest.approx(evaluate_run(run).map_all)
    queries, gallery = held_out(config.data, "test")
    encoder = trained_encoder(run)
    # The cosine's ranking, from the definition.
    left, right = embed(encoder, queries), embed(encoder, gallery)
    similarity = cosine_similarity(left, right)
    theirs = [
        average_precision_score(gallery.labels == label, row)
        for label, row in zip(queries.labels, similarity, strict=True)
    ]
    assert outcome.scores["cosine"].map_all == pytest.approx(np.mean(theirs), abs=1e-4)


def test_a_method_that_draws_nothing_at_random_is_fitted_once(worked, tmp_path):
    compare(small_comparison(GATED, HOG, ITQ), tmp_path / "cells")
    finals = [folder for folder in worked if "chosen" in folder]
    assert [name for name in finals if name.startswith("hog")] == ["hog/chosen_1_seed_0"]
    assert [name for name in finals if name.startswith("itq")] == [
        "itq/chosen_1_seed_0",
        "itq/chosen_1_seed_1",
    ]


def test_a_classical_method_is_fitted_and_scored_under_both_distances(monkeypatch, tmp_path):
    use_few_icons(monkeypatch, tmp_path / "cache")
    plan = small_comparison(HOG).trial_config(HOG, HOG.trials[0])
    folder = tmp_path / "cell"
    work(folder, json.loads(json.dumps(plan.to_json())), "validation")
    outcome = outcome_of(folder)
    assert config_in(folder) == plan and plan.data.train_on == ("train",)
    queries, gallery = held_out(plan.data, "validation")
    left, right = plan.baseline.encode(queries), plan.baseline.encode(gallery)
    # The Euclidean ranking, from the definition.
    distances = np.linalg.norm(left[:, None] - right, axis=-1)
    theirs = [
        average_precision_score(gallery.labels == label, -row)
        for label, row in zip(queries.labels, distances, strict=True)
    ]
    assert outcome.scores["euclidean"].map_all == pytest.approx(np.mean(theirs), abs=1e-4)
    assert outcome.facts["bytes"] == 4 * left.shape[1]
    assert outcome.facts["fit_seconds"] < outcome.facts["encode_ms"] * len(gallery) / 1000


def test_codes_are_ranked_by_hamming_distance_and_weigh_a_bit_each():
    class Given:
        def __init__(self, bits, labels):
            self.bits, self.labels = np.array(bits, np.uint8), np.array(labels)

        def __len__(self):
            return len(self.bits)

    query = Given([[1] * 8], [0])
    gallery = Given([[1] * 7 + [0], [1] * 6 + [0] * 2, [0] * 8], [1, 0, 1])
    scores, facts = measured(lambda items: items.bits, query, gallery, ("hamming",))
    # Distances 1, 2 and 8: the one relevant picture is second.
    assert scores["hamming"]["map_all"] == 0.5
    assert scores["hamming"]["precision_at_10"] == pytest.approx(0.1)
    assert facts["bytes"] == 1


def test_the_seconds_of_a_training_are_those_of_all_its_sessions(tmp_path):
    run = Run(tmp_path, load_config("icons_tiny"))
    write_json(tmp_path / "run.json", {})
    note_seconds(run, 1.25)
    note_seconds(run, 2.5)
    assert run.facts()["processor_seconds"] == pytest.approx(3.75, abs=0.1)


def test_trials_never_see_the_part_that_judges_them(tmp_path):
    for cell in trial_cells(small_comparison(GATED), GATED, tmp_path):
        assert cell.part == "validation" and cell.config.data.train_on == ("train",)
    for cell in final_cells(small_comparison(GATED), GATED, 0, tmp_path):
        assert cell.part == "test" and "test" not in cell.config.data.train_on


def test_a_training_that_collapses_is_a_result(monkeypatch, tmp_path):
    def collapse(config, folder):
        folder.mkdir(parents=True)
        raise CollapseError("The training collapsed by epoch 3: and so on")

    monkeypatch.setattr("training.train.train", collapse)
    config = small_comparison(GATED).trial_config(GATED, ())
    work(tmp_path / "cell", config.to_json(), "validation")
    outcome = outcome_of(tmp_path / "cell")
    assert outcome.failure.startswith("The training collapsed")
    assert best_trial([outcome, None]) is None


def test_a_cell_that_is_taken_away_says_to_run_the_comparison_again(monkeypatch, tmp_path):
    def preempt(config, folder):
        raise Preempted("ended by SIGTERM after step 3, saved after step 3", "python -m a.cell")

    monkeypatch.setattr("training.train.train", preempt)
    config = small_comparison(GATED).trial_config(GATED, ())
    with pytest.raises(SystemExit, match=r"step 3; run `sbir compare` again to go on$"):
        work(tmp_path / "cell", config.to_json(), "validation")
    assert outcome_of(tmp_path / "cell") is None


def test_a_cell_of_another_configuration_is_refused(worked, tmp_path):
    compare(small_comparison(GATED, seeds=(0,)), tmp_path / "cells")
    changed = Row(GATED.label, GATED.overrides, (("loss.margin=6",), ("loss.margin=5",)))
    with pytest.raises(UserError, match="trial_0 holds a cell of another configuration"):
        compare(small_comparison(changed, seeds=(0,)), tmp_path / "cells")


@pytest.mark.parametrize("text", ["{", '{"method": "hog"}', '{"method": "of old"}', "[]"])
def test_a_plan_that_cannot_be_read_names_its_folder(text, tmp_path):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(UserError, match=r"plan.json cannot be read .*: remove "):
        config_in(tmp_path)


def test_a_cell_that_cannot_begin_says_why(tmp_path):
    (tmp_path / "cells" / "dase-mems").mkdir(parents=True)
    (tmp_path / "cells" / "dase-mems" / "trial_0").write_text("a file")
    cell = trial_cells(small_comparison(GATED), GATED, tmp_path / "cells")[0]
    with pytest.raises(UserError, match=r"trial_0 could not be trained: .*is not a run"):
        run_module.run_cell(cell, one_thread=True)


@pytest.mark.parametrize("name", comparison_names())
def test_every_configuration_of_a_bundled_comparison_is_valid(name):
    comparison = load_comparison(name)
    slugs = [row.slug for row in comparison.rows]
    assert len(set(slugs)) == len(slugs)
    for row in comparison.rows:
        for trial in row.trials:
            comparison.trial_config(row, trial)
    # Every row has as many trials as any other: the comparison is fair.
    assert len({len(row.trials) for row in comparison.rows}) == 1


def test_an_unknown_comparison_names_the_nearest(refused):
    assert "Did you mean 'icons_ablation'?" in refused("compare", "icons_ablatoin")


def test_a_page_without_a_single_cell_is_refused(refused, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("figures")
    said = refused(
        "compare", "icons_ablation", "--page-only", "--to", tmp_path / "none", "--page", page
    )
    assert "holds no finished cell" in said and page.read_text() == "figures"
