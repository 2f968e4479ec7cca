"""A drawing in, ranked pictures out, from one call and from files on disk."""

import json
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

from pictures import PictureError
from serving.encoders import load_encoder
from serving.errors import ServingError
from serving.gallery import index_folder
from serving.index import open_index
from serving.index.places import MODEL
from serving.search import search_files, search_picture, search_pictures


@pytest.fixture
def index(encoder, gallery, tmp_path):
    index_folder(encoder, gallery, tmp_path / "index")
    encoder.batches.clear()
    opened = open_index(tmp_path / "index")
    yield opened
    opened.close()


def test_the_nearest_pictures_come_first_with_rank_path_and_class(
    index, encoder, gallery, painter, tmp_path
):
    hits = search_picture(index, encoder, painter(tmp_path / "q.png", (224, 34, 24)), k=5)
    assert [hit.id for hit in hits[:2]] == ["red/1.png", "red/0.png"]
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    assert [hit.class_name for hit in hits[:4]] == ["red"] * 4
    assert hits[0].path == gallery / "red" / "1.png"
    # Shades of red are 5 apart: number 1 is a level away in each channel, number 0 four.
    assert hits[0].distance == pytest.approx(3 * (1 / 255) ** 2, rel=1e-4)
    assert hits[1].distance == pytest.approx(3 * (4 / 255) ** 2, rel=1e-4)
    assert encoder.batches == [(1, "sketch")]


def test_bytes_and_photographs_can_be_searched_by(index, encoder, gallery):
    data = (gallery / "blue" / "3.png").read_bytes()
    assert search_picture(index, encoder, data, 1, domain="photo")[0].id == "blue/3.png"
    assert encoder.batches == [(1, "photo")]


def test_many_drawings_are_encoded_in_batches_and_answered_in_order(index, encoder, gallery):
    paths = [gallery / "green" / f"{number % 4}.png" for number in range(70)]
    answers = search_pictures(index, encoder, paths, k=1)
    assert [hits[0].path for hits in answers] == paths
    assert [count for count, _ in encoder.batches] == [32, 32, 6]


@pytest.mark.parametrize("k", [0, 13])
def test_k_out_of_range_is_refused_before_the_picture_is_read(index, encoder, k, tmp_path):
    message = rf"k must be from 1 to 12 \(the index holds 12 pictures\). Received: k={k}"
    with pytest.raises(ServingError, match=message):
        search_picture(index, encoder, tmp_path / "missing.png", k)


def test_another_models_queries_are_refused(index, encoder, gallery):
    encoder.digest = "ff" * 32
    with pytest.raises(ServingError, match=r"built by .*c0c0c0.*not by .*ffffff.*build it again"):
        search_picture(index, encoder, gallery / "red" / "0.png")


def test_an_unreadable_drawing_is_named(index, encoder, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for name in ("broken.png", "missing.png"):
        with pytest.raises(PictureError, match=name):
            search_picture(index, encoder, tmp_path / name, 1)


@pytest.fixture
def on_disk(exported, gallery, tmp_path):
    index_folder(load_encoder(exported), gallery, tmp_path / "real")
    return tmp_path / "real"


def test_files_and_folders_are_searched_with_the_model_that_the_index_remembers(
    on_disk, painter, tmp_path
):
    for name in ("red", "blue"):
        for number in range(3):
            colour = {"red": (200, 0, 0), "blue": (0, 0, 200)}[name]
            painter(tmp_path / "queries" / name / f"{number}.png", colour)
    loose = painter(tmp_path / "elsewhere" / "x.png", (0, 200, 0))
    answers = search_files(on_disk, [tmp_path / "queries", loose], k=3)
    assert [answer.class_name for answer in answers] == ["blue"] * 3 + ["red"] * 3 + [None]
    assert [answer.hits[0].class_name for answer in answers] == ["blue"] * 3 + ["red"] * 3 + [
        "green"
    ]
    values = json.loads(json.dumps(answers[0].to_json()))
    assert values["query"].endswith("queries/blue/0.png")
    assert values["hits"][0]["rank"] == 1


def test_a_missing_drawing_is_named_before_anything_is_opened(tmp_path):
    with pytest.raises(ServingError, match=r"nope\.png: no such drawing"):
        search_files(tmp_path / "index", [tmp_path / "nope.png"])


def test_a_limit_spreads_evenly(on_disk, gallery):
    answers = search_files(on_disk, [gallery], k=1, limit=3, domain="photo")
    assert [answer.query.parent.name for answer in answers] == ["blue", "green", "red"]
    with pytest.raises(ServingError, match="limit=0"):
        search_files(on_disk, [gallery], limit=0)


def test_sheets_are_written_beside_the_answer(on_disk, gallery, tmp_path):
    sheets = [tmp_path / "out" / "sheet.png", tmp_path / "out" / "sheet.html"]
    search_files(on_disk, [gallery], k=4, sheets=sheets)
    with Image.open(sheets[0]) as sheet:
        assert np.asarray(sheet.convert("RGB")).shape[2] == 3
    assert sheets[1].read_text().count("<section>") == 12
    with pytest.raises(ServingError, match=r"must end in \.png or \.html. Received: .*sheet\.pdf"):
        search_files(on_disk, [gallery], sheets=["sheet.pdf"])


def test_a_model_that_moved_can_be_named(on_disk, gallery, exported, export, tmp_path):
    with closing(open_index(on_disk, writable=True)) as opened:
        opened.note({MODEL: {"absolute": str(tmp_path / "gone")}})
    with pytest.raises(ServingError, match=r"mean-colour .* is no longer at .*gone.*--model"):
        search_files(on_disk, [gallery], k=1)
    assert search_files(on_disk, [gallery], k=1, model=exported)[0].hits
    with pytest.raises(ServingError, match="build it again"):
        search_files(on_disk, [gallery], k=1, model=export(tmp_path / "other" / "1", factor=3.0))
