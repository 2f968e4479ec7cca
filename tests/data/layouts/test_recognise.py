import pytest

from sbir_tf.data.layouts import LAYOUTS, list_folder, list_items, locate, open_folder
from sbir_tf.errors import UserError
from tests import trees

TREES = {
    "sketchy_ext": (trees.sketchy, "tx_000100000000"),
    "tuberlin_ext": (trees.tuberlin, None),
    "quickdraw_ext": (trees.quickdraw, None),
    "plain": (trees.plain, None),
}


def release(root):
    trees.plain(root / "sketchy")
    trees.plain(root / "TUBerlin")
    return root


@pytest.mark.parametrize("name", [*TREES, "release"])
def test_each_layout_is_recognised_and_can_be_listed(tmp_path, name):
    build, variant = {**TREES, "release": (release, "sketchy")}[name]
    root = build(tmp_path / "data set")
    assert locate(root) == (root, LAYOUTS[name], variant)
    assert list_items(*locate(root))


@pytest.mark.parametrize("name", TREES)
def test_a_data_set_one_folder_further_in_is_found(tmp_path, name):
    build, variant = TREES[name]
    root = build(tmp_path / "mine")
    (tmp_path / "notes").mkdir()
    (tmp_path / ".hidden").mkdir()
    assert locate(tmp_path) == (root, LAYOUTS[name], variant)


def test_quickdraws_classes_are_paired_through_spaces(tmp_path):
    items = list_items(trees.quickdraw(tmp_path), LAYOUTS["quickdraw_ext"])
    photos = {item.path.split("/")[1]: item.class_name for item in items if item.domain == "photo"}
    assert photos == {"palm tree": "palm_tree", "windmill": "windmill"}


def test_the_only_variant_is_taken_and_several_unusual_ones_must_be_chosen(tmp_path):
    one = trees.sketchy(tmp_path / "one", variants=("tx_000000000010",))
    assert locate(one).variant == "tx_000000000010"
    two = trees.sketchy(tmp_path / "two", variants=("tx_000000000010", "tx_000000000110"))
    with pytest.raises(UserError, match=r"--variant. Found: tx_000000000010, tx_000000000110"):
        locate(two)
    assert locate(two, variant="tx_000000000110").variant == "tx_000000000110"


def test_a_folder_around_any_plain_set_is_not_taken_for_the_release(tmp_path):
    trees.plain(tmp_path / "holiday")
    assert locate(tmp_path).layout is LAYOUTS["plain"]
    assert locate(tmp_path, "release").variant == "holiday"


def test_several_data_sets_must_be_told_apart(tmp_path):
    trees.tuberlin(tmp_path / "a")
    trees.plain(tmp_path / "b")
    with pytest.raises(UserError, match=r"several data sets.*a as tuberlin_ext, \S*b as plain"):
        locate(tmp_path)
    assert locate(tmp_path, "plain").root == tmp_path / "b"


@pytest.mark.parametrize(
    ("build", "missing"),
    [
        (trees.sketchy, "EXTEND_image_sketchy"),
        (trees.tuberlin, "ImageResized"),
        (trees.quickdraw, "QuickDraw_sketches_final"),
        (trees.plain, "photos"),
    ],
)
def test_half_a_data_set_names_the_half_that_is_missing(tmp_path, build, missing):
    root = build(tmp_path / "set")
    (root / missing).rename(tmp_path / "elsewhere")
    for folder in (root, tmp_path):
        with pytest.raises(UserError, match=rf"not a whole data set: .*{missing} is missing"):
            locate(folder)


def test_a_folder_like_no_layout_says_what_it_holds_and_what_is_wanted(tmp_path):
    for name in "abcdefg":
        (tmp_path / name).mkdir()
    with pytest.raises(UserError, match=r"plain: sketches/<class>/.*: a, b, c, d, e and 2 more"):
        locate(tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"layout": "sketchy"}, "no layout 'sketchy'. Did you mean 'sketchy_ext'"),
        ({"variant": "tx_000100000001"}, "Did you mean 'tx_000100000000'"),
        ({"layout": "plain"}, r"laid out otherwise \(plain: sketches/<class>/"),
    ],
)
def test_wrong_options_name_the_nearest(tmp_path, options, said):
    with pytest.raises(UserError, match=said):
        locate(trees.sketchy(tmp_path), **options)


def test_missing_folders_files_and_closed_folders_are_named(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"none does not exist"):
        locate(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file is not a folder"):
        locate(tmp_path / "file")

    def closed(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.iterdir", closed)  # root may list everything
    with pytest.raises(UserError, match=r"cannot be listed: Permission denied"):
        locate(tmp_path)


def test_a_closed_folder_beside_a_data_set_does_not_hide_it(tmp_path, monkeypatch):
    root = trees.plain(tmp_path / "mine")
    (tmp_path / "lost+found").mkdir()
    (root / "lost+found").mkdir()
    for name in ("iterdir", "stat"):  # root may enter everything
        monkeypatch.setattr(f"pathlib.Path.{name}", guarded(getattr(type(root), name)))
    assert locate(root) == locate(tmp_path) == (root, LAYOUTS["plain"], None)
    (root / "photos").rename(root / "pictures")
    with pytest.raises(UserError, match=r"not laid out as data.layout=tuberlin_ext"):
        list_items(root, LAYOUTS["tuberlin_ext"])


def guarded(method):
    def of_open_folders(path, *arguments, **options):
        inside = path.parts[-1] if method.__name__ == "iterdir" else path.parent.name
        if inside == "lost+found":
            raise PermissionError(13, "Permission denied", str(path))
        return method(path, *arguments, **options)

    return of_open_folders


def test_a_closed_folder_in_one_like_no_layout_is_named(tmp_path, monkeypatch):
    for name in ("open", "closed"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("os.access", lambda folder, _: folder.name != "closed")  # as above
    with pytest.raises(UserError, match=r"Found there: closed, open; closed to you: closed"):
        locate(tmp_path)


def test_a_closed_root_of_a_configuration_is_named(tmp_path, monkeypatch):
    def closed(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.iterdir", closed)
    with pytest.raises(UserError, match=r"cannot be listed \(Permission denied\): mend its rights"):
        list_items(tmp_path, LAYOUTS["plain"])


BOTH = "tx_000000000000,tx_000100000000"


def test_several_variants_of_sketchy_are_read_at_once(tmp_path):
    root = trees.sketchy(tmp_path)
    sketchy = LAYOUTS["sketchy_ext"]
    apart = {item for name in BOTH.split(",") for item in list_items(root, sketchy, name)}
    assert set(list_items(root, sketchy, BOTH)) == apart
    place, listing = open_folder(root, variant="tx_000000000000, tx_000100000000,")
    assert place.variant == BOTH
    assert listing.items == list_items(root, sketchy, BOTH)  # no photo twice
    (root / "256x256" / "sketch" / "tx_000000000000" / "eel").mkdir()
    assert list_folder(root, sketchy, BOTH).empty == ("256x256/sketch/tx_000000000000/eel",)
    with pytest.raises(UserError, match=r"no variant 'tx_1'"):
        locate(root, variant="tx_000000000000,tx_1")


@pytest.mark.parametrize(
    ("layout", "variant", "said"),
    [
        ("plain", "foo", "Layout plain has no variants: name none. Received: variant=foo"),
        ("release", "sketchy,TUBerlin", "data sets of their own: name one of them"),
    ],
)
def test_variants_that_a_layout_cannot_have_are_refused(tmp_path, layout, variant, said):
    root = release(tmp_path) if layout == "release" else trees.plain(tmp_path)
    for refusing in (list_folder, list_items):
        with pytest.raises(UserError, match=said):
            refusing(root, LAYOUTS[layout], variant)
    with pytest.raises(UserError, match=said):
        locate(root, layout, variant)
