import pytest

from sbir_tf.data.icons.packages import drawings, fetch, package_file, read_set
from sbir_tf.errors import UserError


@pytest.mark.parametrize(
    ("package", "file"),
    [("@iconify-json/noto", "iconify-json-noto-1.2.9.tgz"), ("noto", "noto-1.2.9.tgz")],
)
def test_files_are_named_as_npm_names_them(package, file):
    assert package_file({"package": package, "version": "1.2.9"}) == file


def test_a_package_that_is_there_is_not_fetched_again(make_package, tmp_path, monkeypatch):
    source = make_package("one", {"cat": "<g/>"})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fetch(source, tmp_path) == tmp_path / "icons-one-1.0.0.tgz"


def test_another_package_than_the_named_one_is_an_error(make_package, tmp_path):
    source = make_package("one", {"cat": "<g/>"})
    make_package("one", {"cat": "<p/>"})
    with pytest.raises(UserError, match=r"icons-one-1.0.0.tgz is not the package.*Delete it"):
        fetch(source, tmp_path)


def test_without_npm_the_cure_is_named(make_package, tmp_path, monkeypatch):
    source = make_package("one", {"cat": "<g/>"})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"Could not fetch @icons/one@1.0.0.*put the file into"):
        fetch(source, tmp_path / "empty")


def test_boxes_fall_back_to_the_sets_and_then_to_the_format(make_package, tmp_path):
    contents = read_set(fetch(make_package("one", {"cat": "<g/>"}), tmp_path))
    contents["icons"]["dog"] = {"body": "<p/>", "width": 30, "left": 1}
    contents["aliases"] = {"puppy": {"parent": "dog"}, "turned": {"parent": "dog", "rotate": 1}}
    found = {drawing.name: drawing for drawing in drawings(contents)}
    assert found["cat"].box == (0, 0, 24, 24)
    assert found["dog"].box == (1, 0, 30, 24)
    assert (found["puppy"].body, found["puppy"].box) == ("<p/>", (1, 0, 30, 24))
    assert "turned" not in found
    del contents["height"]
    assert next(d for d in drawings(contents) if d.name == "cat").box == (0, 0, 24, 16)
