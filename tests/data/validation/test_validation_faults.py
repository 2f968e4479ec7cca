"""Every fault of docs/validation.md is caught; sound sets raise no alarm."""

from pathlib import Path

import pytest

from benchmarks.faults.injected import FAULTS
from benchmarks.faults.lab import make_lab, opened

PAGE = Path(__file__).parents[3] / "docs" / "validation.md"
# What else is true of a set with this fault.
ALSO = {
    "sketches and photos swapped": {"sketch_inverted"},
    "a query is also trained on": {"duplicate"},
    "a class that no label has": {"class_without_photos"},
    "the picture of another record": {"sketch_blank"},
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return make_lab(tmp_path_factory.mktemp("lab"))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_caught_and_nothing_else_is_said(lab, fault):
    report = fault.inject(lab)
    assert fault.code in report.codes, report
    assert set(report.codes) - {fault.code} <= ALSO.get(fault.name, set()), report


def test_sound_sets_raise_no_alarm(lab):
    for source in (opened(lab.tree, lab.split), opened(lab.records), opened(lab.other)):
        assert str(source.validate()).endswith("no anomaly")
    assert opened(lab.records).validate(against=lab.schema).codes == ()
    assert opened(lab.tree, lab.split).validate(against=opened(lab.records).table).codes == ()


def test_the_page_tells_of_every_fault():
    page = PAGE.read_text()
    assert "MISSED" not in page
    assert [fault.name for fault in FAULTS if f"| {fault.name} |" not in page] == []
