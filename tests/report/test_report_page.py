"""The page and the figures of reports."""

import json
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from made_up_evaluation import write_evaluation
from PIL import Image

from sbir_tf.errors import UserError
from sbir_tf.evaluation.bootstrap import bootstrap
from sbir_tf.report import open_evaluation, write_report
from sbir_tf.report.curves import precision_recall
from sbir_tf.report.metrics import columns, paired_tests
from sbir_tf.report.page import page_of
from sbir_tf.report.style import svg


class Page(HTMLParser):
    """Tags with their attributes, and all text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("evaluations")
    return [
        write_evaluation(root / "good", spread=0.3, name="good"),
        write_evaluation(root / "bad", spread=0.9, name="bad", centers=False),
    ]


@pytest.fixture(scope="module")
def opened(folders):
    return [open_evaluation(folder) for folder in folders]


@pytest.fixture(scope="module")
def text(opened):
    return page_of(opened)


def test_the_page_loads_and_runs_nothing(text):
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "b", "i"} & {
        tag for tag, attrs in page.tags if "style" not in attrs and tag != "b"
    }
    for _, attrs in page.tags:
        assert not {name for name in attrs if name.startswith("on")}
        for name in ("src", "href"):
            assert attrs.get(name, "data:").startswith("data:")
    policies = [a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_every_picture_says_what_it_shows(text):
    alts = [attrs.get("alt", "") for tag, attrs in Page(text).tags if tag == "img"]
    assert len(alts) > 100
    assert all(alts)


def test_names_are_text_whatever_they_hold(text):
    assert "bee & <b>co</b>" in "".join(Page(text).texts)
    assert "<b>co" not in text
    assert "<i>were" not in text


def test_the_headline_has_every_metric_with_its_interval(opened, text):
    values = opened[0].ranked.average_precision()
    found = bootstrap(values)
    assert f"{np.mean(values):.4f}<small>{found.low:.3f} to {found.high:.3f}</small>" in text
    names = list(columns(opened)[0].values)
    assert {"mAP@all", "mAP@10", "P@5", "R@5", "hit@10", "nDCG@10", "MRR"} <= set(names)
    means = {name: each.mean for name, each in columns(opened)[0].values.items()}
    metrics = opened[0].rows[0]["metrics"]
    assert means["nDCG@10"] == pytest.approx(metrics["ndcg_at"]["10"])
    assert means["hit@5"] == pytest.approx(metrics["hit_at"]["5"])


def test_two_evaluations_are_compared_query_by_query(opened):
    (test,) = paired_tests(opened)
    values = [each.ranked.average_precision() for each in opened]
    assert test.paired.difference == pytest.approx(np.mean(values[0] - values[1]))
    assert test.paired.p_value < 0.05


def test_evaluations_of_other_queries_say_that_they_cannot_be_compared(opened, tmp_path):
    other = write_evaluation(tmp_path / "other")
    rankings = dict(np.load(other / "rankings.real.npz"))
    rankings["query_labels"] = np.roll(rankings["query_labels"], 1)
    np.savez(other / "rankings.real.npz", **rankings)
    (test,) = paired_tests([opened[0], open_evaluation(other)])
    assert test.paired is None
    assert "same queries" in test.failure


def test_the_same_figure_has_the_same_bytes(opened):
    assert svg(precision_recall(opened)) == svg(precision_recall(opened))


def test_of_instances_no_classes_are_shown(tmp_path):
    page = page_of([open_evaluation(write_evaluation(tmp_path / "pairs", instances=True))])
    assert "mixed up" not in page
    assert "class by class" not in page


def test_the_command_writes_page_and_pictures(sbir, folders, tmp_path):
    said = sbir("report", *folders, "--html", tmp_path / "r.html", "--png", tmp_path / "png")
    assert said.code == 0, said.err
    assert "<h2>Side by side</h2>" in (tmp_path / "r.html").read_text()
    pictures = sorted(path.name for path in (tmp_path / "png").iterdir())
    assert {"precision_recall.png", "gates_1.png", "map_tsne_2.png"} <= set(pictures)
    assert "worst_queries_2.png" in pictures
    for path in (tmp_path / "png").iterdir():
        with Image.open(BytesIO(path.read_bytes())) as image:
            assert min(image.size) > 200


def test_a_run_gives_its_newest_evaluation(tmp_path):
    write_evaluation(tmp_path / "run" / "evaluations" / "plain")
    assert open_evaluation(tmp_path / "run").title == "made_up, plain"
    assert open_evaluation(tmp_path / "run/evaluations/plain/result.json").facts["format"] == 1


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "result.json").unlink(), "holds no evaluation"),
        (lambda folder: (folder / "result.json").write_text("{"), "is damaged"),
        (lambda folder: (folder / "result.json").write_text("{}"), "is damaged"),
        (lambda folder: (folder / "thumbs.npz").write_bytes(b"PK"), "thumbs.npz is missing or dam"),
        (lambda folder: (folder / "embeddings.npz").unlink(), "embeddings.npz is missing or dam"),
        (lambda folder: (folder / "rankings.real.npz").write_bytes(b""), "rankings.real.npz"),
        (lambda folder: change(folder, format=2), "newer version"),
    ],
)
def test_what_is_missing_or_damaged_is_named(sbir, tmp_path, damage, said):
    folder = write_evaluation(tmp_path / "one")
    damage(folder)
    told = sbir("report", folder, "--html", tmp_path / "r.html")
    assert told.code == 2
    assert said in told.err
    assert not (tmp_path / "r.html").exists()


def change(folder, **values):
    facts = json.loads((folder / "result.json").read_text())
    (folder / "result.json").write_text(json.dumps(facts | values))


def test_nothing_to_report_is_an_error(tmp_path):
    with pytest.raises(UserError, match="holds no evaluation"):
        open_evaluation(tmp_path)
    assert write_report([]) == []


def test_distances_alone_give_a_page_without_a_map(sbir, tmp_path):
    folder = write_evaluation(tmp_path / "one")
    np.savez(folder / "embeddings.npz")
    facts = json.loads((folder / "result.json").read_text())
    facts["rows"][0]["bytes"] = None
    change(folder, rows=facts["rows"])
    said = sbir("report", folder, "--html", tmp_path / "r.html", "--png", tmp_path / "png")
    assert said.code == 0, said.err
    text = (tmp_path / "r.html").read_text()
    assert "t-SNE" not in text
    assert "<h2>Distances" not in text


def test_of_instances_hits_are_called_accuracy(tmp_path):
    opened = open_evaluation(write_evaluation(tmp_path / "pairs", instances=True))
    names = list(columns([opened])[0].values)
    assert "Acc@5" in names
    assert "hit@5" not in names


def test_all_columns_are_scored_by_the_first_ones_conventions(opened, tmp_path):
    other = write_evaluation(tmp_path / "voc", spread=0.3)
    change(other, settings={"convention": "voc", "ties": "stable", "ks": [5, 10]})
    shown = columns([opened[0], open_evaluation(other)])
    assert shown[0].values["mAP@all"].mean == pytest.approx(shown[1].values["mAP@all"].mean)
