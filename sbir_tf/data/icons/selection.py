"""What the recipe keeps of the sets and what it drops, each drop with its reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from sbir_tf.data.icons.bodies import clean
from sbir_tf.data.icons.copies import fingerprint, near_copies
from sbir_tf.data.icons.ink import ink_share, solid_share
from sbir_tf.data.icons.naming import ClassMap, variants_of
from sbir_tf.data.icons.packages import drawings

LARGEST_BODY = 60_000
LEAST_INK = 0.005
# A sketch with more of its ink in areas wider than a line is a filled shape.
MOST_SOLID = 0.35
# Drawings of one class that one set may bring.
PER_SET = 2
SETS_NEEDED = 6


class Report:
    """Counts what was dropped, and why."""

    def __init__(self) -> None:
        self.dropped: defaultdict[str, list[str]] = defaultdict(list)

    def drop(self, reason: str, what: str) -> None:
        """Notes one dropped thing."""
        self.dropped[reason].append(what)

    def lines(self) -> list[str]:
        """One line for each reason."""
        return [f"{len(items):5d}  {reason}" for reason, items in sorted(self.dropped.items())]


def rows_of_set(source: dict, contents: dict, class_map: ClassMap, report: Report) -> list[dict]:
    """The rows of one set that belong to a class, as the archive holds them plus their `rank`."""
    by_name = {drawing.name: drawing for drawing in drawings(contents)}
    rows = []
    for drawing, name in sorted(variants_of(by_name, source["styles"]).items()):
        found = class_map.find(source["domain"], source["set"], drawing, name)
        if not found:
            continue
        if len(by_name[name].body) > LARGEST_BODY:
            report.drop("too large", f"{source['set']}:{name}")
            continue
        row = {"set": source["set"], "name": name, "class": found[0], "rank": found[1]}
        rows.append(row | {"body": clean(by_name[name].body), "box": list(by_name[name].box)})
    return rows


def keep_line_drawings(rows: list[dict], pictures: Iterable, sets: dict, report: Report) -> list:
    """Drops blank drawings and sketches that are filled shapes; pairs the rest with pixels."""
    kept = []
    for row, picture in zip(rows, pictures, strict=True):
        is_sketch = sets[row["set"]]["domain"] == "sketch"
        if ink_share(picture) < LEAST_INK:
            report.drop("blank", key_of(row))
        elif is_sketch and solid_share(picture) > MOST_SOLID:
            report.drop("a filled shape among the sketches", key_of(row))
        else:
            kept.append((row, picture))
    return kept


def drop_identical(pairs: list, report: Report) -> list:
    """Drops drawings whose pixels were seen before, in any class and domain."""
    seen: dict[bytes, dict] = {}
    kept = []
    for row, picture in pairs:
        first = seen.setdefault(picture.tobytes(), row)
        if first is row:
            kept.append((row, picture))
        elif first["class"] == row["class"]:
            report.drop("identical, same class", f"{key_of(row)} = {key_of(first)}")
        else:
            what = f"{key_of(row)} ({row['class']}) = {key_of(first)} ({first['class']})"
            report.drop("identical, another class", what)
    return kept


def drop_copies(pairs: list, sets: dict, report: Report) -> list[dict]:
    """Drops near copies within a class and a domain; keeps the first in the archive's order."""
    groups: defaultdict[tuple, list] = defaultdict(list)
    for row, picture in pairs:
        groups[row["class"], sets[row["set"]]["domain"]].append((row, picture))
    kept = []
    for group in groups.values():
        names = [row["set"] for row, _ in group]
        copies = dict(near_copies([fingerprint(picture) for _, picture in group], names))
        for place, (row, _) in enumerate(group):
            if place not in copies:
                kept.append(row)
                continue
            report.drop(*_copy_reason(row, group[copies[place]][0], sets))
    return kept


def _copy_reason(row: dict, original: dict, sets: dict) -> tuple[str, str]:
    same_family = sets[row["set"]]["family"] == sets[original["set"]]["family"]
    same = "set" if row["set"] == original["set"] else "family" if same_family else ""
    reason = f"near copy, same {same}" if same else "near copy, another family"
    return reason, f"{key_of(row)} ~ {key_of(original)}"


def cap_per_set(rows: list[dict], report: Report) -> list[dict]:
    """Keeps a set's first drawings of each class: the order of names in `classes.json`."""
    count: Counter = Counter()
    kept = []
    for row in sorted(rows, key=lambda r: (r["rank"], r["set"], r["name"])):
        count[row["class"], row["set"]] += 1
        if count[row["class"], row["set"]] <= PER_SET:
            kept.append(row)
        else:
            report.drop(f"more than {PER_SET} of a class in one set", key_of(row))
    return kept


def keep_full_classes(rows: list[dict], sets: dict, report: Report) -> list[dict]:
    """Keeps classes with enough sets on both sides."""
    found: defaultdict[str, dict] = defaultdict(lambda: {"sketch": set(), "photo": set()})
    for row in rows:
        found[row["class"]][sets[row["set"]]["domain"]].add(row["set"])
    full = {c for c, d in found.items() if min(map(len, d.values())) >= SETS_NEEDED}
    for name in sorted(found.keys() - full):
        numbers = "/".join(str(len(s)) for s in found[name].values())
        report.drop(f"class with fewer than {SETS_NEEDED} sets on a side", f"{name} {numbers}")
    return [row for row in rows if row["class"] in full]


def key_of(row: dict) -> str:
    """The icon's key."""
    return f"{row['set']}:{row['name']}"
