"""`sbir evaluate --features`: someone else's features under every convention at once."""

import json
from pathlib import Path

from sbir_tf.console import bar, console


def evaluate_features(
    path: Path,
    to: Path | None,
    as_json: bool,
    ks: tuple[int, ...] = (),
    distance: str | None = None,
) -> None:
    """Score a features file and print its figures; with `to`, write an evaluation's folder."""
    from training.features import score_features, to_json

    if to:
        from training.features_folder import check_features_place, write_features_evaluation

        check_features_place(to, path)
    scored = score_features(path, ks, distance, bar)
    folder = write_features_evaluation(scored, to) if to else None
    if as_json:
        print(json.dumps(to_json(scored) | {"folder": folder and str(folder)}, indent=2))
        return
    print_scored(scored)
    if folder:
        print(f"written: {folder}")


def print_scored(scored) -> None:
    """A table of conventions, one of what they do not change, and all that must be known."""
    result = scored.result
    by = scored.distance if scored.features.queries is None else f"{scored.distance} distance"
    print(f"{scored.path}: {result.queries} queries search {result.gallery} items, by {by}")
    for role, name in scored.features.arrays.items():
        print(f"  {role}: {name}")
    console().print(conventions_table(scored))
    console().print(ranks_table(scored))
    for line in scored.lines:
        if line.used_by:
            ties = "" if line.ties == "any" else f", ties {line.ties}"
            print(f"measured as {line.convention}{ties} by {', '.join(line.used_by)}")
    for remark in scored.remarks():
        print(remark)
    print("95%: bootstrap over the queries; what every name means: docs/metrics.md")


def conventions_table(scored):
    """AP and P@k: a column a convention, a line a metric and a treatment of ties."""
    from rich.table import Table

    table = Table(title="What each convention makes of this ranking")
    table.add_column("metric")
    table.add_column("ties")
    by_ties: dict[str, dict] = {}
    for line in scored.lines:
        by_ties.setdefault(line.ties, {})[line.convention] = line
    conventions = list(dict.fromkeys(line.convention for line in scored.lines))
    for convention in conventions:
        table.add_column(convention, justify="right")
    for name, of in figures(scored.ks).items():
        for ties, lines in by_ties.items():
            cells = (of(lines[each]) if each in lines else "-" for each in conventions)
            table.add_row(name, ties, *cells, end_section=ties == list(by_ties)[-1] != "any")
    return table


def figures(ks: tuple[int, ...]) -> dict:
    """The name of each figure of a line, and how to get it as text."""
    named = {
        "mAP@all": lambda line: f"{line.map_all.mean:.4f}",
        "95%": lambda line: f"{short(line.map_all.low)}-{short(line.map_all.high)}",
    }
    named |= {f"mAP@{k}": lambda line, k=k: f"{line.map_at[k]:.4f}" for k in ks}
    return named | {f"P@{k}": lambda line, k=k: f"{line.precision_at[k]:.4f}" for k in ks}


def short(share: float) -> str:
    """.123, for a narrow column."""
    return f"{share:.3f}".removeprefix("0")


def ranks_table(scored):
    """MRR, hit@k, R@k and nDCG@k: a column a treatment of ties."""
    from rich.table import Table

    table = Table(title="What none changes")
    table.add_column("metric")
    for one in scored.shared:
        table.add_column("" if one.ties == "any" else one.ties, justify="right")
    table.add_row("MRR", *(f"{one.mrr:.4f}" for one in scored.shared))
    for name, of in (("hit", "hit_at"), ("R", "recall_at"), ("nDCG", "ndcg_at")):
        for k in scored.ks:
            values = (getattr(one, of)[k] for one in scored.shared)
            table.add_row(f"{name}@{k}", *(f"{value:.4f}" for value in values))
    return table
