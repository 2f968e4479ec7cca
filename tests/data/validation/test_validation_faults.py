"""Every fault of docs/validation.md is caught; sound sets raise no alarm."""

import re
from pathlib import Path

import pytest

from benchmarks.faults.__main__ import row_of
from benchmarks.faults.injected import FAULTS
from benchmarks.faults.lab import make_lab, opened

PAGE = Path(__file__).parents[3] / "docs" / "validation.md"
# What else is true of a set with this fault.
ALSO = {
    "sketches and photos swapped": {"sketch_inverted"},
    "a query is also trained on": {"duplicate"},
    "a class that no label has": {"class_without_photos"},
    "the picture of another record": {"sketch_blank"},
    "a domain beyond its column": {"index_disagrees"},
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return make_lab(tmp_path_factory.mktemp("lab"))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_caught_nothing_else_is_said_and_the_page_says_the_same(lab, fault):
    report = fault.inject(lab)
    assert fault.code in report.codes, report
    assert set(report.codes) - {fault.code} <= ALSO.get(fault.name, set()), report
    # The benchmark works in its folder, and so names files below it.
    row = " | ".join(row_of(fault, report)).replace(f"{lab.folder}/", "")
    assert as_everywhere(row) in "\n".join(map(as_everywhere, rows_of_the_page()))


def test_sound_sets_raise_no_alarm(lab):
    for source in (opened(lab.tree, lab.split), opened(lab.records), opened(lab.other)):
        assert str(source.validate()).endswith("no anomaly")
    assert opened(lab.records).validate(against=lab.schema).codes == ()
    assert opened(lab.tree, lab.split).validate(against=opened(lab.records).table).codes == ()


def test_the_page_has_every_fault_in_order():
    names = [row.split(" | ")[1] for row in rows_of_the_page()]
    assert names == [fault.name for fault in FAULTS]


def rows_of_the_page():
    table = PAGE.read_text().partition("<!-- faults -->")[2].partition("<!-- /faults -->")[0]
    return table.strip().split("\n")[2:]


def as_everywhere(row):
    """Without the places and lengths of records, which every version of an encoder changes."""
    return re.sub(r"(?<=offset )\d+|\d+ of \d+(?= bytes)", "N", row)
