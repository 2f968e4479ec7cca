"""A model's folder: which version, what is missing, and a digest computed a second way."""

import hashlib
import json
import shutil

import pytest

from serving.encoders import ModelFolder
from serving.errors import ServingError


def write_model(path, dimension=4, **changes):
    (path / "variables").mkdir(parents=True)
    (path / "assets.extra").mkdir()
    (path / "saved_model.pb").write_bytes(b"graph")
    (path / "variables" / "variables.index").write_bytes(b"index")
    (path / "variables" / "variables.data-00000-of-00001").write_bytes(b"weights")
    values = {"format": 1, "name": "m", "dimension": dimension, "image_size": 64}
    values |= {"metric": "squared_euclidean"} | changes
    (path / "assets.extra" / "encoder.json").write_text(json.dumps(values))
    return path


def test_the_highest_number_is_the_version_as_tensorflow_serving_takes_it(tmp_path):
    for version in ("2", "9", "10"):
        write_model(tmp_path / "m" / version, dimension=int(version))
    (tmp_path / "m" / "11-draft").mkdir()
    (tmp_path / "m" / "99").touch()
    assert ModelFolder.open(tmp_path / "m").path == tmp_path / "m" / "10"
    assert ModelFolder.open(tmp_path / "m" / "9").dimension == 9


def test_the_digest_is_over_graph_and_weights_by_name(tmp_path):
    write_model(tmp_path)
    lines = "".join(
        f"{name}\0{hashlib.sha256(content).hexdigest()}\n"
        for name, content in [
            ("saved_model.pb", b"graph"),
            ("variables/variables.data-00000-of-00001", b"weights"),
            ("variables/variables.index", b"index"),
        ]
    )
    assert ModelFolder.open(tmp_path).digest() == hashlib.sha256(lines.encode()).hexdigest()


def test_the_digest_changes_with_the_weights_and_not_with_the_model_card(tmp_path):
    folder = ModelFolder.open(write_model(tmp_path / "m"))
    before = folder.digest()
    (tmp_path / "m" / "README.md").write_text("a better card")
    assert folder.digest() == before
    weights = tmp_path / "m" / "variables" / "variables.data-00000-of-00001"
    weights.write_bytes(b"weighty")
    assert folder.digest() != before
    weights.rename(weights.with_name("other"))
    weights.with_name("other").write_bytes(b"weights")
    assert folder.digest() != before


@pytest.mark.parametrize(
    "part", ["variables/variables.index", "assets.extra/encoder.json", "saved_model.pb"]
)
def test_the_missing_part_is_named(part, tmp_path):
    (write_model(tmp_path / "m" / "1") / part).unlink()
    if part == "saved_model.pb":
        with pytest.raises(ServingError, match=r"not an encoder, saved_model\.pb is missing"):
            ModelFolder.open(tmp_path / "m")
        with pytest.raises(ServingError, match=r"neither saved_model\.pb nor a numbered version"):
            ModelFolder.open(tmp_path / "m" / "1")
    else:
        with pytest.raises(ServingError, match=f"not an encoder, {part} is missing"):
            ModelFolder.open(tmp_path / "m")


def test_no_folder_and_no_version_are_told_apart(tmp_path):
    with pytest.raises(ServingError, match="no such model folder"):
        ModelFolder.open(tmp_path / "missing")
    with pytest.raises(ServingError, match="no such model folder"):
        ModelFolder.open(write_model(tmp_path / "m") / "saved_model.pb")
    shutil.rmtree(tmp_path / "m")
    (tmp_path / "m").mkdir()
    with pytest.raises(ServingError, match="numbered version"):
        ModelFolder.open(tmp_path / "m")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "format 1 with squared_euclidean.*Received: format 2"),
        ({"metric": "cosine"}, "Received: format 1 with cosine"),
        ({"dimension": "many"}, "damaged"),
    ],
)
def test_another_format_or_metric_is_refused(changes, message, tmp_path):
    with pytest.raises(ServingError, match=message):
        ModelFolder.open(write_model(tmp_path, **changes))


def test_a_damaged_description_is_named(tmp_path):
    write_model(tmp_path)
    (tmp_path / "assets.extra" / "encoder.json").write_text('{"format": 1}')
    with pytest.raises(ServingError, match=r"encoder\.json: damaged \(KeyError\('name'\)\)"):
        ModelFolder.open(tmp_path)
