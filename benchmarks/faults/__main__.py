"""Injects every fault and prints what is said: `python -m benchmarks.faults --page FILE`."""

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.faults.injected import FAULTS, Fault
from benchmarks.faults.lab import Lab, make_lab, opened, records_of, split_of
from benchmarks.tables import replace_section, table
from sbir_tf.__main__ import silence
from sbir_tf.data.validation import Report

MISSED = "**MISSED**"
ICON_SIZE = 64


def main() -> None:
    """Print both tables, or put them into a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, help="a page with the sections faults and clean")
    page = parser.parse_args().page
    silence(verbose=False)
    page = page.absolute() if page else None
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # messages name files as a user sees them
        lab = make_lab(Path())
        tables = {"faults": faults_table(lab), "clean": clean_table(lab)}
    for name, text in tables.items():
        if page:
            replace_section(page, name, text)
        print(text, end="\n\n")


def faults_table(lab: Lab) -> str:
    """One line a fault: where it is, and the message about it."""
    rows = [
        [str(number), *row_of(fault, fault.inject(lab))]
        for number, fault in enumerate(FAULTS, start=1)
    ]
    return table(("", "fault", "in", "", "code", "what is said"), rows)


def row_of(fault: Fault, report: Report) -> list[str]:
    """What the table says of a fault, its number apart."""
    said = [a for a in report.anomalies if a.code == fault.code]
    message = said[0].message.replace("|", "\\|") if said else MISSED
    return [fault.name, fault.where, said[0].severity if said else "", f"`{fault.code}`", message]


def clean_table(lab: Lab) -> str:
    """One line a clean set: how many alarms there are, in folders and in records."""
    from sbir_tf.data.icons import write_tree

    icons = write_tree(Path("icons"), size=ICON_SIZE)
    rows = []
    for tree, layout, split_name in (
        (icons, "bundled icons", "supervised"),
        (lab.tree, "Sketchy, generated", "held-out-photos"),
        (lab.other, "TU-Berlin, generated", "supervised"),
    ):
        split = split_of(tree, split_name)
        records = records_of(tree, Path("built") / tree.name, split)
        reports = [opened(tree, split).validate(), opened(records).validate()]
        facts = reports[0].facts
        counts = (facts["classes"], facts["sketches"], facts["photos"])
        rows.append([layout, split_name, *map("{:,}".format, counts), *map(alarms, reports)])
    heading = ("set", "split", "classes", "sketches", "photos", "alarms, folder", "alarms, records")
    return table(heading, rows)


def alarms(report: Report) -> str:
    """How many anomalies there are, and which."""
    return " ".join([str(len(report.anomalies)), *report.codes])


if __name__ == "__main__":
    main()
