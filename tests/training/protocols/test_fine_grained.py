"""One thing is searched for: accuracies by instance, by hand and by other features."""

import numpy as np
import pytest
from PIL import Image

from sbir_tf.data.layouts import Item
from sbir_tf.errors import UserError
from tests import trees
from tests.training.protocols.mean_colour import by_pillow, mean_colour
from training.protocols.asked import Asked
from training.protocols.evaluation import evaluate_by_protocol
from training.protocols.fine_grained import FINE_GRAINED, instance_of


def plain_colour(path, red, green, blue):
    trees.save(Image.new("RGB", (8, 8), (red, green, blue)), path)


@pytest.fixture(scope="module")
def sketchy(tmp_path_factory):
    """Two classes of three drawn photos, and in each a photo that nobody drew from.

    The embedding is the colour. Sketches of photo n of class c are at red 100 c + 20 n + 1 (or 12:
    nearer to photo n + 1); the photo at 100 c + 20 n. The undrawn photo lies right on a sketch.
    """
    root = tmp_path_factory.mktemp("trees") / "sketchy"
    sketches = root / "256x256" / "sketch" / "tx_000100000000"
    for c, name in enumerate(("cat", "dog")):
        for n in range(3):
            photo = f"n0{c}_{n}"
            plain_colour(
                root / "EXTEND_image_sketchy" / name / f"{photo}.png", 100 * c + 20 * n, 0, 0
            )
            for number, away in enumerate((1, 12)):
                red = 100 * c + 20 * n + away
                plain_colour(sketches / name / f"{photo}-{number + 1}.png", red, 0, 0)
        plain_colour(root / "EXTEND_image_sketchy" / name / "ext_1.png", 100 * c + 12, 0, 0)
    # A sketch whose photo is gone: left out and counted.
    plain_colour(sketches / "dog" / "n09_9-1.png", 5, 5, 5)
    return root


def shoes(root, photos=4, names=("photo", "sketch")):
    """ShoeV2's shape: NAME.png, and NAME_1.png, NAME_2.png."""
    for n in range(photos):
        plain_colour(root / names[0] / f"{2429 + n}.png", 40 * n, 10, 10)
        for number in (1, 2):
            plain_colour(root / names[1] / f"{2429 + n}_{number}.png", 40 * n + 3 * number, 10, 10)
    return root


@pytest.fixture(scope="module")
def model(few_icons, tmp_path_factory):
    return mean_colour(tmp_path_factory.mktemp("runs") / "run")


def test_sketchys_sketches_search_the_photos_that_were_drawn(sketchy, model):
    """Red of the photos: 0 20 40 and 100 120 140. The sketches at +1 find their own first; of
    those at +12 the last of each class do (52: 40 is nearest; 152: 140), the others find the next
    one first and their own second. So of 12 sketches 6 + 2 are right, and all within two."""
    evaluation = evaluate_by_protocol(model, Asked(str(sketchy), "fine-grained", ks=(2,)))
    result = evaluation.rows[0].result
    assert (result.queries, result.gallery) == (12, 6)
    assert result.hit_at[1] == pytest.approx(8 / 12)
    assert result.hit_at[2] == result.hit_at[5] == 1
    assert result.map_all == pytest.approx((8 + 4 / 2) / 12)
    assert evaluation.excluded == 1
    assert evaluation.rows[0].own_class["hit_at"][1] == pytest.approx(8 / 12)
    assert not any("ext_" in path for path in evaluation.material.gallery_ids)


def test_among_the_photos_of_its_own_class_a_sketch_is_not_misled_by_others(tmp_path, model):
    """The cat's sketch is nearer to the dog's photo (3 away) than to its own (5 away)."""
    root = tmp_path / "data"
    for name, photo, sketch in (("cat", 10, 16), ("dog", 18, 60)):
        plain_colour(root / "photos" / name / "a.png", photo, 0, 0)
        plain_colour(root / "sketches" / name / "a_1.png", sketch, 0, 0)
    row = evaluate_by_protocol(model, Asked(str(root), "fine-grained")).rows[0]
    assert row.result.hit_at[1] == 0.5
    assert row.own_class["hit_at"][1] == 1.0


@pytest.mark.parametrize("names", [("photo", "sketch"), ("ShoeV2_photo", "ShoeV2_sketch"),
                                   ("photos/test", "sketches/test")])  # fmt: skip
def test_shoes_lie_in_two_folders_without_classes(tmp_path, model, names):
    root = shoes(tmp_path / "ShoeV2", names=names)
    evaluation = evaluate_by_protocol(model, Asked(str(root), "fine-grained"))
    result, material = evaluation.rows[0].result, evaluation.material
    assert (result.queries, result.gallery) == (8, 4)
    queries, gallery = (
        by_pillow(root, ids, bit)
        for bit, ids in enumerate((material.query_ids, material.gallery_ids))
    )
    own = [path.rpartition("/")[2].partition("_")[0] for path in material.query_ids]
    there = [path.rpartition("/")[2].partition(".")[0] for path in material.gallery_ids]
    first = [there[((gallery - query) ** 2).sum(axis=1).argmin()] for query in queries]
    assert result.hit_at[1] == np.mean([a == b for a, b in zip(own, first, strict=True)])
    assert evaluation.rows[0].own_class is None
    assert material.names[0] == "ShoeV2/2429"


def test_lists_say_which_of_them_are_the_test(tmp_path, model):
    root = shoes(tmp_path / "ChairV2")
    (root / "photo_test.txt").write_text("2429.png\n2430\n")
    (root / "sketch_test.txt").write_text("2429_1.png\n2430_2.png\n")
    result = evaluate_by_protocol(model, Asked(str(root), "fine-grained")).rows[0].result
    assert (result.queries, result.gallery) == (2, 2)
    (root / "photo_test.txt").write_text("2429\n9999\n")
    with pytest.raises(UserError, match=r"names 1 pictures that are not there.*9999"):
        evaluate_by_protocol(model, Asked(str(root), "fine-grained"))


def test_a_class_named_test_is_a_class(tmp_path, model):
    root = trees.plain(tmp_path / "data", classes=("test", "dog"))
    evaluation = evaluate_by_protocol(model, Asked(str(root), "supervised", test_sketches=1))
    assert evaluation.material.query_classes == ("dog", "test")


def test_data_whose_names_tell_no_instance_are_refused(tmp_path, model):
    root = trees.plain(tmp_path / "data")
    with pytest.raises(UserError, match=r"no sketch of .* names its photo.*sketches/cat/0.png"):
        evaluate_by_protocol(model, Asked(str(root), "fine-grained"))


@pytest.mark.parametrize(("path", "domain", "instance"), [
    ("sketches/shoe/2429_3.png", "sketch", "shoe/2429"),
    ("sketches/shoe/a_b_12.png", "sketch", "shoe/a_b"),
    ("sketches/shoe/2429.png", "sketch", ""),
    ("photos/shoe/a_b.png", "photo", "shoe/a_b"),
])  # fmt: skip
def test_names_tell_the_instance(path, domain, instance):
    assert instance_of(Item(path, "shoe", domain), "plain") == instance


def test_what_its_papers_print():
    assert FINE_GRAINED.headline == ("Acc@1", "Acc@5")
    assert set(FINE_GRAINED.ks) >= {1, 5}
