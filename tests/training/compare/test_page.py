"""The page, from scores written by hand."""

import pytest

from training.compare.columns import COLUMNS
from training.compare.page import render_page, write_page
from training.compare.run import final_cells, trial_cells
from training.compare.spec import Comparison, Row
from training.config import Config
from training.run import write_json

REFERENCE = Row("DASE + MEMS", ("loss.name=mems",), (("loss.margin=4",), ("loss.margin=5",)))
RIVAL = Row("SE + MEMS", ("loss.name=mems", "network.gate=se"), ((), ("seed=0",)))
CODES = Row("ITQ", (), (("bits=8",), ("bits=16",)), method="itq")
HOG = Row("HOG", (), (("cell=8",), ("cell=16",)), method="hog")
COMPARISON = Comparison(
    "small", "Gates", "A note.", "icons_tiny", (), {"Gates": (REFERENCE, RIVAL)}, (0, 1)
)


def write_scores(cell, euclidean, cosine=0.0, failure=None):
    cell.folder.mkdir(parents=True)
    name = "config.json" if isinstance(cell.config, Config) else "plan.json"
    write_json(cell.folder / name, cell.config.to_json())
    aps = {"euclidean": euclidean, "cosine": cosine}
    scores = {
        name: {"map_all": ap, "hit_at_10": 2 * ap, "per_query_ap": [ap - 0.1, ap + 0.1]}
        for name, ap in aps.items()
    }
    facts = {"weights": 1234, "chance": 0.01}
    values = {"scores": {} if failure else scores, "failure": failure, "facts": facts}
    write_json(cell.folder / "scores.json", values)


@pytest.fixture
def folder(tmp_path):
    """The reference: trial 1 is better, .30 and .34; the rival: cosine is better, .40 and .44."""
    for row, euclidean, cosine, finals in (
        (REFERENCE, (0.2, 0.3), (0.1, 0.1), (0.30, 0.34)),
        (RIVAL, (0.1, 0.1), (0.4, 0.2), (0.40, 0.44)),
    ):
        for cell, left, right in zip(
            trial_cells(COMPARISON, row, tmp_path), euclidean, cosine, strict=True
        ):
            write_scores(cell, left, right)
        chosen = 1 if row is REFERENCE else 0
        for cell, ap in zip(final_cells(COMPARISON, row, chosen, tmp_path), finals, strict=True):
            write_scores(cell, *((ap, 0.0) if row is REFERENCE else (0.0, ap)))
    return tmp_path


def row_of(page, label):
    return next(line for line in page.splitlines() if line.strip("| *").startswith(label))


def test_the_winner_stands_first_and_is_named_even_if_it_is_a_rival(folder):
    page = render_page(COMPARISON, folder, "a machine")
    rows = [line for line in page.splitlines() if line.startswith("| ") and "MEMS" in line]
    assert rows[1].startswith("| **SE + MEMS** | 2 | 0.4200 (0.4000 to 0.4400) | 0.8400")
    assert rows[2].startswith("| DASE + MEMS | 2 | 0.3200 (0.3000 to 0.3400)")
    assert "First: SE + MEMS, before DASE + MEMS (their seeds do not overlap). " in page
    assert "DASE + MEMS is number 2 of 2." in page


def test_the_difference_is_paired_over_queries(folder):
    # Both queries differ by 0.42 - 0.32.
    page = render_page(COMPARISON, folder, "a machine")
    assert "| +0.1000 [+0.1000, +0.1000] | cosine | 1,234 |" in row_of(page, "SE + MEMS")


def test_every_trial_is_listed_and_the_chosen_one_marked(folder):
    page = render_page(COMPARISON, folder, "a machine")
    assert "| DASE + MEMS | `loss.margin=4` | 0.2000 | 0.1000 |  |" in page
    assert "| DASE + MEMS | `loss.margin=5` | 0.3000 | 0.1000 | euclidean |" in page
    assert "| SE + MEMS | as configured | 0.1000 | 0.4000 | cosine |" in page


def test_a_row_whose_trials_all_failed_says_why(tmp_path):
    for cell in trial_cells(COMPARISON, REFERENCE, tmp_path):
        write_scores(cell, 0, failure="The training collapsed by epoch 3: the loss sits")
    page = render_page(COMPARISON, tmp_path, "a machine")
    assert "| DASE + MEMS | 0 | The training collapsed by epoch 3" in page
    assert "| SE + MEMS | 0 | not finished |" in page
    assert "Not finished." in page


@pytest.fixture
def classical(tmp_path):
    """A network over two seeds, codes over two, and HOG, which has one."""
    comparison = Comparison(
        "costs",
        "Costs",
        "A note.",
        "icons_tiny",
        (),
        {"All": (REFERENCE, CODES, HOG)},
        (0, 1),
        tuple(name for name in COLUMNS if name != "weights"),
    )
    for row, names, aps in (
        (REFERENCE, ("euclidean", "cosine"), (0.30, 0.34)),
        (CODES, ("hamming",), (0.20, 0.24)),
        (HOG, ("euclidean", "cosine"), (0.25,)),
    ):
        for cell in trial_cells(comparison, row, tmp_path):
            write_costs(cell, names, 0.2)
        for cell, ap in zip(final_cells(comparison, row, 0, tmp_path), aps, strict=True):
            write_costs(cell, names, ap)
    return comparison, tmp_path


def write_costs(cell, names, ap):
    write_scores(cell, ap)
    score = {
        "map_all": ap,
        "hit_at_10": 2 * ap,
        "per_query_ap": [ap, ap],
        "precision_at_10": ap / 2,
    }
    facts = {"bytes": 1024, "fit_seconds": 100 * ap, "encode_ms": 10 * ap}
    values = {"scores": dict.fromkeys(names, score), "failure": None, "facts": facts}
    write_json(cell.folder / "scores.json", values)


def test_what_a_method_costs_stands_beside_what_it_reaches(classical):
    page = render_page(*classical, "a machine")
    # Means of 20 and 24 seconds, and of 2 and 2.4 ms.
    assert "| 0.1100 (0.1000 to 0.1200) | 0.4400" in row_of(page, "ITQ")
    assert row_of(page, "ITQ").endswith("| hamming | 22.0 | 2.20 | 1,024 |")
    assert "| ITQ | `bits=8` | 0.2000 (Hamming) |  | hamming |" in page


def test_one_seed_has_no_range_and_is_compared_to_the_mean_of_the_others(classical):
    row = row_of(render_page(*classical, "a machine"), "HOG")
    # .25 against the mean of .30 and .34, of every query.
    assert row.startswith("| HOG | 1 | 0.2500 | 0.1250 | 0.5000 | -0.0700 [-0.0700, -0.0700] |")


def test_a_row_that_lacks_a_seed_is_not_compared(classical):
    comparison, folder = classical
    (folder / "itq" / "chosen_0_seed_1" / "scores.json").unlink()
    assert "| ITQ | 1 | 0.2000 | 0.1000 | 0.4000 | - |" in render_page(comparison, folder, "here")


def test_a_comparison_leaves_the_rest_of_its_page_alone(classical, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Written by hand\n\nA paragraph.\n")
    write_page(*classical, page)
    write_page(*classical, page)
    text = page.read_text()
    assert text.startswith("# Written by hand\n\nA paragraph.\n\n<!-- costs: ")
    assert text.count("## Costs") == 1 and text.endswith("<!-- /costs -->\n")
