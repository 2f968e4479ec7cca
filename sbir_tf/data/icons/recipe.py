"""Builds the archive of the bundled `icons` from npm packages, byte for byte the same each time.

    python -m sbir_tf.data.icons.recipe --packages FOLDER --to FILE     builds the archive
    python -m sbir_tf.data.icons.recipe --packages FOLDER --check       compares with the committed

The packages and their exact versions are in `sources.json`, the map from names to classes in
`classes.json`. A package that is not yet in FOLDER is fetched with `npm pack`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import sys
from pathlib import Path

from sbir_tf.data.icons.archive import DIGESTS, HERE, Icon, icon_of
from sbir_tf.data.icons.attribution import attribution
from sbir_tf.data.icons.naming import ClassMap
from sbir_tf.data.icons.packages import fetch, read_set
from sbir_tf.data.icons.render import render_all
from sbir_tf.data.icons.selection import (
    Report,
    cap_per_set,
    drop_copies,
    drop_identical,
    keep_full_classes,
    keep_line_drawings,
    key_of,
    rows_of_set,
)
from sbir_tf.errors import UserError
from sbir_tf.files import written_aside

SOURCES = HERE / "sources.json"
CLASSES = HERE / "classes.json"
ATTRIBUTION = HERE / "ATTRIBUTION.md"
SIZE = 64


def build(sources: dict, classes: dict, packages: Path, report: Report) -> dict:
    """Builds the archive's contents.

    Args:
        sources: contents of `sources.json`.
        classes: contents of `classes.json`.
        packages: folder of package files.
        report: told what is dropped.

    Returns:
        `{"format": 1, "sets": {set: {domain, family}}, "icons": [...]}`, icons sorted by key.
    """
    sets = {s["set"]: {"domain": s["domain"], "family": s["family"]} for s in sources["sets"]}
    class_map = ClassMap(classes)
    rows = []
    for source in sources["sets"]:
        rows += rows_of_set(source, read_set(fetch(source, packages)), class_map, report)
    rows.sort(key=lambda row: (row["rank"], row["set"], row["name"]))
    pictures = render_all(icons_of(rows, sets), SIZE)
    pairs = drop_identical(keep_line_drawings(rows, pictures, sets, report), report)
    rows = cap_per_set(drop_copies(pairs, sets, report), report)
    rows = sorted(keep_full_classes(rows, sets, report), key=key_of)
    fields = ("body", "box", "class", "name", "set")
    return {"format": 1, "sets": sets, "icons": [{f: row[f] for f in fields} for row in rows]}


def icons_of(rows: list[dict], sets: dict) -> list[Icon]:
    """The rows as icons, to be rendered."""
    return [icon_of(row, sets) for row in rows]


def canonical(contents: dict) -> bytes:
    """The one way to write an archive's contents: sorted keys, no spaces, no time stamp."""
    return json.dumps(contents, sort_keys=True, separators=(",", ":")).encode()


def compress(text: bytes) -> bytes:
    """The one way to compress it."""
    return lzma.compress(text, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, preset=9)


def digests_of(contents: dict) -> dict:
    """What `digests.json` holds."""
    text = canonical(contents)
    archive = compress(text)
    return {
        "bytes": len(archive),
        "json_sha256": hashlib.sha256(text).hexdigest(),
        "sha256": hashlib.sha256(archive).hexdigest(),
    }


def write(contents: dict, sources: dict, to: Path) -> None:
    """Writes the archive, its digests and its attribution file, side by side."""
    text = json.dumps(digests_of(contents), indent=2, sort_keys=True) + "\n"
    for path, data in (
        (to, compress(canonical(contents))),
        (to.with_name(DIGESTS.name), text.encode()),
        (to.with_name(ATTRIBUTION.name), attribution(sources, contents).encode()),
    ):
        with written_aside(path) as aside:
            aside.write_bytes(data)


def check(contents: dict, digests: Path = DIGESTS) -> None:
    """Compares a build with the committed archive.

    Raises:
        UserError: if they differ.
    """
    expected, found = json.loads(digests.read_text()), digests_of(contents)
    if found["json_sha256"] != expected["json_sha256"]:
        raise UserError(
            f"The build differs from the archive of {digests}: expected JSON SHA-256 "
            f"{expected['json_sha256'][:12]}... Received: {found['json_sha256'][:12]}... "
            "Use the pinned resvg-py, or commit the new archive."
        )
    if found["sha256"] != expected["sha256"]:
        raise UserError(
            "The contents are the same, but this lzma library compresses them to other bytes. "
            f"Received: SHA-256 {found['sha256'][:12]}..."
        )


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--packages", type=Path, required=True, help="folder of package files")
    parser.add_argument("--dropped", type=Path, help="write every dropped icon to this JSON file")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--to", type=Path, help="write the archive here, its digests beside it")
    what.add_argument("--check", action="store_true", help="compare with the committed archive")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    options, report = parse(arguments), Report()
    sources = json.loads(SOURCES.read_text())
    try:
        contents = build(sources, json.loads(CLASSES.read_text()), options.packages, report)
        if options.check:
            check(contents)
        else:
            write(contents, sources, options.to)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    if options.dropped:
        options.dropped.write_text(json.dumps(report.dropped, indent=1, sort_keys=True))
    classes = {row["class"] for row in contents["icons"]}
    print(*report.lines(), f"{len(contents['icons'])} icons, {len(classes)} classes", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
