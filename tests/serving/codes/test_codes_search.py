"""From drawings to pictures through codes, with a tiny SavedModel."""

import json

import numpy as np
import pytest

from sbir_tf.codes import BinaryCodes, save_codes
from serving.codes import Codes, coded_gallery, open_codes, search_codes
from serving.errors import ServingError

WEIGHTS = "ab" * 32


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Mean colour and the domain, four numbers; it says what weights it is of."""
    from tests.serving.conftest import export_mean_colour

    folder = export_mean_colour(tmp_path_factory.mktemp("models") / "mean-colour" / "1")
    description = folder / "assets.extra" / "encoder.json"
    values = json.loads(description.read_text()) | {"weights": WEIGHTS}
    description.write_text(json.dumps(values))
    return folder.parent


@pytest.fixture
def codes(tmp_path):
    """Sixteen steps on each of red, green and blue: near colours differ in few bits."""
    kernel = np.repeat(np.eye(4, 3, dtype=np.float32), 16, axis=1)
    bias = -np.tile((np.arange(16, dtype=np.float32) + 0.5) / 16, 3)
    path = tmp_path / "codes" / "centers-48.npz"
    save_codes(BinaryCodes(kernel, bias, "centers"), path, "mean-colour", WEIGHTS)
    return open_codes(path)


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_drawing_finds_the_pictures_of_its_colour(codes, model, gallery, painter, tmp_path):
    drawing = painter(tmp_path / "drawings" / "red" / "d.png", (222, 32, 22))
    found = search_codes(codes, gallery, [drawing], 4, model=model)
    (answer,) = found.answers
    assert [hit.class_name for hit in answer.hits] == ["red"] * 4
    assert [hit.rank for hit in answer.hits] == [1, 2, 3, 4]
    assert all(hit.path.is_file() for hit in answer.hits)
    assert answer.class_name == "red"
    # Red 222 of 255 is above 14 steps of 16 and picture 0, of red 220, too.
    assert answer.hits[0].distance == 0
    assert found.gallery.codes.shape == (12, 6)


def test_pictures_are_encoded_once(codes, model, gallery, painter, tmp_path):
    drawing = painter(tmp_path / "d.png", (0, 0, 0))
    first = search_codes(codes, gallery, [drawing], 12, model=model)
    again = search_codes(codes, gallery, [drawing], 12, model=model)
    assert (first.gallery.encoded, again.gallery.encoded) == (12, 0)
    assert again.answers == first.answers
    assert files(codes.path.parent) == {"centers-48.npz", f"galleries/{first.kept.name}"}


def test_only_new_and_changed_pictures_are_encoded_again(codes, model, gallery, painter, tmp_path):
    drawing = painter(tmp_path / "d.png", (255, 255, 255))
    search_codes(codes, gallery, [drawing], 1, model=model)
    painter(gallery / "white" / "0.png", (255, 255, 255))
    painter(gallery / "red" / "0.png", (250, 250, 250), size=(40, 40))
    (gallery / "blue" / "0.png").unlink()
    found = search_codes(codes, gallery, [drawing], 2, model=model)
    assert found.gallery.encoded == 2
    assert len(found.gallery.ids) == 12
    assert [hit.id for hit in found.answers[0].hits] == ["red/0.png", "white/0.png"]


def test_what_was_kept_by_other_codes_or_is_damaged_is_encoded_anew(gallery, tmp_path):
    def encode(pictures):
        calls.append(len(pictures))
        return np.ones((len(pictures), 2), np.uint8)

    kept = tmp_path / "kept.npz"

    def encoded(made_by):
        calls.clear()
        coded_gallery(encode, made_by, gallery, kept)
        return sum(calls)

    calls = []
    assert [encoded({"codes": "a"}), encoded({"codes": "a"}), encoded({"codes": "b"})] == [
        *(12, 0, 12)
    ]
    whole = kept.read_bytes()
    for damaged in (b"", whole[:300], whole[:-30], b"text"):
        kept.write_bytes(damaged)
        assert encoded({"codes": "b"}) == 12
        assert kept.read_bytes() == whole


def test_a_picture_and_its_mirror_image_have_one_code(encoder):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (5, 9, 3), dtype=np.uint8) for _ in range(4)]

    class LeftHalf(type(encoder)):
        def encode(self, pictures, domain):
            return super().encode([picture[:, :4] for picture in pictures], domain)

    kernel = rng.standard_normal((3, 64)).astype(np.float32)
    bias = -0.5 * kernel.sum(axis=0)
    codes = Codes(None, "", kernel, bias, "", "")
    left = LeftHalf()
    packed = codes.encode(left, pictures, "photo")
    mirrored = codes.encode(left, [picture[:, ::-1] for picture in pictures], "photo")
    np.testing.assert_array_equal(packed, mirrored)
    assert left.batches == [(4, "photo")] * 4
    means = (left.encode(pictures, "photo") + left.encode([p[:, ::-1] for p in pictures], "")) / 2
    np.testing.assert_array_equal(packed, np.packbits(means @ kernel + bias > 0, axis=1))


def test_an_unreadable_picture_is_skipped_and_told(codes, model, gallery, painter, tmp_path):
    (gallery / "red" / "torn.png").write_bytes((gallery / "red" / "1.png").read_bytes()[:40])
    drawing = painter(tmp_path / "d.png", (0, 0, 0))
    found = search_codes(codes, gallery, [drawing], 12, model=model)
    assert [item["path"] for item in found.gallery.skipped] == ["red/torn.png"]
    assert len(found.gallery.ids) == 12


def test_codes_of_another_model_are_refused(codes, exported, gallery):
    with pytest.raises(ServingError, match=r"weights abababababab.*unknown.*sbir export"):
        search_codes(codes, gallery, [gallery], 1, model=exported)
    assert files(codes.path.parent) == {"centers-48.npz"}


def test_mistakes_write_nothing(codes, model, gallery, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "a.png").write_bytes(b"no picture")
    drawing = gallery / "red" / "0.png"
    for folder, drawings, k, said in (
        (gallery, [drawing], 13, "k must be from 1 to 12"),
        (gallery, [drawing], 0, "k=0"),
        (gallery, [tmp_path / "none.png"], 1, "no such drawing"),
        (tmp_path / "none", [drawing], 1, "no such folder"),
        (tmp_path / "empty", [drawing], 1, "no picture"),
        (tmp_path / "torn", [drawing], 1, "none of its 1 pictures can be read"),
    ):
        with pytest.raises(ServingError, match=said):
            search_codes(codes, folder, drawings, k, model=model)
    assert files(codes.path.parent) == {"centers-48.npz"}


def test_embeddings_of_another_dimension_are_refused(codes):
    with pytest.raises(ServingError, match=r"dimension 4. Received: shape=\(1, 3\)"):
        codes.pack(np.zeros((1, 3), np.float32))


def test_codes_that_cannot_be_kept_are_an_error(codes, model, gallery, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("serving.files.write_synced", full)
    with pytest.raises(OSError, match="No space left"):
        search_codes(codes, gallery, [gallery / "red" / "0.png"], 1, model=model)
    assert files(codes.path.parent) == {"centers-48.npz"}


def test_the_command_prints_hits_and_what_it_kept(sbir, codes, model, gallery):
    drawing = gallery / "red" / "0.png"
    asked = ("codes", "search", codes.path, drawing, "--gallery", gallery, "--model", model)
    said = sbir(*asked, "-k", 2)
    assert said.code == 0, said.err
    assert "   1     0 of 48 bits  " in said.out
    assert "12 pictures of 6 bytes, 12 new: " in said.out
    (answer,) = json.loads(sbir(*asked, "-k", 2, "--json").out)
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2]


def test_the_command_names_a_missing_file_of_codes(refused, gallery, tmp_path):
    line = refused("codes", "search", tmp_path / "c.npz", gallery, "--gallery", gallery)
    assert "no such file of codes. `sbir codes fit` writes them" in line


def test_a_link_to_nowhere_is_skipped_and_named(codes, model, gallery, painter, tmp_path):
    drawing = painter(tmp_path / "d.png", (0, 0, 0))
    link = gallery / "lost.png"
    link.symlink_to(tmp_path / "nowhere.png")
    try:
        found = search_codes(codes, gallery, [drawing], 12, model=model)
    finally:
        link.unlink()
    assert found.gallery.codes.shape[0] == 12
    assert [item["path"] for item in found.gallery.skipped] == ["lost.png"]
