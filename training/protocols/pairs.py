"""ShoeV2, ChairV2 and their like on disk: one folder of photos, one of sketches, no classes.

    photo/NAME.png    sketch/NAME_1.png        or ShoeV2_photo/ and ShoeV2_sketch/

The pictures lie in those folders or in `test` (beside `train`) inside them. Lists `photo_test.txt`
and `sketch_test.txt` beside them, one file name a line, say which are the test's.
"""

from collections.abc import Iterator
from pathlib import Path

from sbir_tf.data.layouts import EXTENSIONS, Item
from sbir_tf.data.layouts.layout import DOMAINS
from sbir_tf.data.splits.held_out import PLURAL
from sbir_tf.errors import UserError

TEST = "test"
PARTS = {"train", "val", "valid", "validation", TEST}


def is_pairs(root: Path) -> bool:
    """Whether a folder is laid out so."""
    return all(of_domain(root, domain) for domain in DOMAINS)


def of_domain(root: Path, domain: str) -> Path | None:
    """The folder of a domain's pictures, if there is one."""
    if not root.is_dir():
        return None
    names = (domain, PLURAL[domain])
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir())
    for folder in folders:
        if folder.name.lower().rpartition("_")[2] in names:
            inside = folder / TEST if divided(folder) else folder
            return inside if next(pictures(inside), None) else None
    return None


def divided(folder: Path) -> bool:
    """Whether a folder holds a test's pictures apart; class folders are something else."""
    inside = {entry.name for entry in folder.iterdir() if entry.is_dir()}
    return TEST in inside and inside <= PARTS


def pictures(folder: Path) -> Iterator[Path]:
    """The pictures that lie in a folder itself."""
    return (path for path in folder.iterdir() if path.suffix.lower() in EXTENSIONS)


def pair_items(root: Path) -> list[Item]:
    """The test's pictures, sorted; their class is the name of the root.

    Raises:
        UserError: If a list names a picture that is not there.
    """
    name = root.resolve().name
    items = []
    for domain in DOMAINS:
        folder = of_domain(root, domain)
        paths = sorted(pictures(folder))
        listed = root / f"{domain}_{TEST}.txt"
        if listed.is_file():
            paths = chosen(paths, listed)
        items += [Item(path.relative_to(root).as_posix(), name, domain) for path in paths]
    return items


def chosen(paths: list[Path], listed: Path) -> list[Path]:
    """The pictures that a list names, with or without their endings."""
    lines = [line.strip() for line in listed.read_text(errors="replace").splitlines()]
    wanted = {Path(line).stem for line in lines if line}
    missing = sorted(wanted - {path.stem for path in paths})
    if missing or not wanted:
        raise UserError(
            f"{listed} names {len(missing)} pictures that are not there: bring them back, or "
            f"remove the list. Received: {missing[0] if missing else 'no name at all'}"
        )
    return [path for path in paths if path.stem in wanted]
