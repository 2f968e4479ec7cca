from training.compare.sections import put_section, with_section

PAGE = """# Title

<!-- first: written by `sbir compare first` -->

old

<!-- /first -->

By hand.

<!-- second: written by `sbir compare second` -->

other

<!-- /second -->
"""


def test_a_section_is_written_in_its_place_and_nothing_else_changes():
    assert with_section(PAGE, "first", "new\n") == PAGE.replace("old", "new")
    assert with_section(PAGE, "second", "new") == PAGE.replace("other", "new")


def test_a_new_section_comes_last():
    found = with_section(PAGE, "third", "new")
    assert found.startswith(PAGE)
    assert found.endswith("\n\nnew\n\n<!-- /third -->\n")
    assert with_section(found, "third", "newer") == found.replace("\nnew\n", "\nnewer\n")


def test_a_name_that_begins_another_is_another_section():
    assert with_section(PAGE, "fir", "new").startswith(PAGE)


def test_backslashes_are_kept():
    assert r"a \1 b" in with_section(PAGE, "first", r"a \1 b")


def test_a_page_without_markers_is_kept_whole(tmp_path):
    page = tmp_path / "docs" / "page.md"
    put_section(page, "first", "one")
    assert page.read_text().startswith("<!-- first: ")
    page.write_text("# Before there were markers\n")
    put_section(page, "first", "one")
    assert page.read_text().startswith("# Before there were markers\n\n<!-- first: ")
    assert [path.name for path in page.parent.iterdir()] == ["page.md"]
