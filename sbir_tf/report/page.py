"""The page: what comes in which order, and the words between."""

import json
from collections.abc import Iterator, Sequence
from html import escape

from sbir_tf.report import html
from sbir_tf.report.classes import change_bars, changes, per_class
from sbir_tf.report.css import STYLE
from sbir_tf.report.curves import precision_at, precision_recall
from sbir_tf.report.distances import Separation, histograms, separation
from sbir_tf.report.gates import gate_bars
from sbir_tf.report.maps import MOST, scatter
from sbir_tf.report.metrics import Test, chance, columns, paired_tests
from sbir_tf.report.reading import Evaluation
from sbir_tf.report.sheets import mixed, sheets

MEMS_MARGIN = 4.0  # what the published loss asks for, of models that do not say theirs


def page_of(evaluations: Sequence[Evaluation]) -> str:
    """The page as text: the comparison first, then each evaluation by itself."""
    title = " and ".join(each.title for each in evaluations)
    parts = [f"<h1>{escape(title)}</h1>", *map(about, evaluations)]
    parts += [headline(evaluations), *compared(evaluations), *curves(evaluations)]
    for each in evaluations:
        parts += [*own_parts(each, several=len(evaluations) > 1)]
    parts += [repeated(evaluations)]
    return html.document(title, STYLE, parts)


def about(evaluation: Evaluation) -> str:
    """What was searched by what, and what was seen in training."""
    facts, metrics = evaluation.facts, evaluation.rows[0]["metrics"]
    protocol = facts["protocol"]
    said = [
        f"<strong>{escape(evaluation.title)}</strong>: {escape(protocol['title'])}. "
        f"{metrics['queries']:,} sketches search {metrics['gallery']:,} pictures; "
        f"{facts['excluded_queries']:,} sketches with nothing to find are left out.",
        f"{escape(protocol['seen'])}.",
        escape(protocol.get("note") or ""),
    ]
    warnings = [
        f'<p class="warn">{escape(line)}</p>' for line in protocol.get("contradictions", ())
    ]
    return "".join(f"<p>{text}</p>" for text in said if text) + "".join(warnings)


def headline(evaluations: Sequence[Evaluation]) -> str:
    """All metrics of all rows, those that the protocol is known by first."""
    shown, lucky = columns(evaluations), chance(evaluations[0])
    first = evaluations[0].facts["protocol"]["conventions"].get("headline", ["mAP@all"])
    names = [*first, *(name for name in shown[0].values if name not in first)]
    rows = []
    for name in names:
        cells = [interval(each.values.get(name)) for each in shown]
        random = lucky.get(name)
        rows.append([name, *cells, "-" if random is None else f"{random:.4f}"])
    costs = ("-" if each.cost is None else f"{each.cost:,}" for each in shown)
    rows.append(["bytes a picture", *costs, "-"])
    of = f" ({escape(evaluations[0].title)})" if len(evaluations) > 1 else ""
    heading = ["", *(escape(each.title) for each in shown), f"chance{of}"]
    note = (
        "Small figures: the middle 95% of 10,000 bootstrap draws of the queries. They tell what "
        "other queries of these classes would change, not what another training would. "
        f"{escape(conventions(evaluations[0]))}"
        + (" All columns are scored so." if len(evaluations) > 1 else "")
    )
    own = "".join(f"<p>{text}</p>" for text in map(own_class, evaluations) if text)
    return f'<h2>How well</h2>{html.table(heading, rows)}{own}<p class="faint">{note}</p>'


def own_class(evaluation: Evaluation) -> str:
    """Of instances, the accuracy among the photos of the sketch's own class."""
    values = evaluation.rows[0]["metrics"].get("own_class", {}).get("hit_at", {})
    told = ", ".join(f"Acc@{k} {value:.4f}" for k, value in values.items())
    of = escape(evaluation.title)
    return f"{of}, among the sketch's own class alone: {told}." if told else ""


def conventions(evaluation: Evaluation) -> str:
    known = evaluation.facts["protocol"]["conventions"]
    told = [f"{name}: {known[name]}" for name in ("AP", "AP@k", "P@k", "ties") if name in known]
    return "; ".join(told) + "."


def interval(found) -> str:
    if found is None:
        return "-"
    return f"{found.mean:.4f}<small>{found.low:.3f} to {found.high:.3f}</small>"


def compared(evaluations: Sequence[Evaluation]) -> Iterator[str]:
    """Paired tests, and the classes that changed most."""
    if len(evaluations) < 2:
        return
    yield "<h2>Side by side</h2>" + html.table(
        ("AP@all, query by query", "difference", "better / equal / worse", "p"),
        map(test_row, paired_tests(evaluations)),
    )
    yield (
        '<p class="faint">The first minus the other. p: how often random signs of the queries\' '
        "differences give a mean as far from 0; with several comparisons multiply it by their "
        "number.</p>"
    )
    first = evaluations[0]
    figures = [
        html.chart(
            change_bars(rows, (first.title, other.title)),
            f"AP of the classes that differ most between {first.title} and {other.title}",
            "The classes that differ most.",
        )
        for other in evaluations[1:]
        if (rows := changes(first, other))
    ]
    yield f'<div class="figures">{"".join(figures)}</div>'


def test_row(test: Test) -> list[str]:
    name = escape(f"{test.first} against {test.second}")
    if test.paired is None:
        return [name, escape(test.failure), "-", "-"]
    paired = test.paired
    difference = f"{paired.difference:+.4f}<small>{paired.low:+.4f} to {paired.high:+.4f}</small>"
    counts = f"{paired.better:,} / {paired.equal:,} / {paired.worse:,}"
    return [name, difference, counts, f"{paired.p_value:.4f}"]


def curves(evaluations: Sequence[Evaluation]) -> Iterator[str]:
    figures = [
        html.chart(
            precision_recall(evaluations),
            "Precision over recall, mean of the queries",
            "Precision where a recall is reached, mean of the queries; no envelope.",
        ),
        html.chart(
            precision_at(evaluations),
            "Precision over the number of places looked at",
            "P@k, mean of the queries. It falls where a class has fewer than k pictures.",
        ),
    ]
    yield f'<h2>Curves</h2><div class="figures">{"".join(figures)}</div>'


def own_parts(evaluation: Evaluation, several: bool) -> Iterator[str]:
    """What is of one evaluation alone."""
    of = f": {escape(evaluation.title)}" if several else ""
    first = escape(evaluation.rows[0]["name"])
    yield (
        f"<h2>What is found{of}</h2><p>Framed and ticked: right. Ranked by the row {first}; "
        "ordered by exact AP@all, at most one query of a class where there are enough.</p>"
    )
    for name, sheet in sheets(evaluation).items():
        yield f"<h3>The {name} queries</h3>{html.lines(sheet)}"
    if not evaluation.facts["protocol"]["instances"]:
        yield from of_classes(evaluation, of)
    yield from of_space(evaluation, of)


def of_classes(evaluation: Evaluation, of: str) -> Iterator[str]:
    if pairs := mixed(evaluation):
        yield f"<h2>Classes that are mixed up{of}</h2>{html.mixed_up(pairs)}"
    bars = html.bars(per_class(evaluation))
    yield f"<h2>AP class by class{of}</h2>{bars}"


def of_space(evaluation: Evaluation, of: str) -> Iterator[str]:
    """Distances, maps and gates."""
    if evaluation.has_space:
        yield from of_embeddings(evaluation, of)
    if evaluation.gates:
        sketches, photos = evaluation.gates["pictures"].tolist()
        figure = html.chart(
            gate_bars(evaluation.gates),
            "Difference of each gate between sketches and photos",
            f"Mean over the channels, lines from the first to the third quartile; of {sketches} "
            f"sketches and {photos} photos.",
        )
        yield f'<h2>The gates{of}</h2><div class="figures">{figure}</div>'


def of_embeddings(evaluation: Evaluation, of: str) -> Iterator[str]:
    """Distances to the centres, and maps."""
    found = separation(evaluation) if not evaluation.facts["protocol"]["instances"] else None
    if found:
        figure = html.chart(histograms(found), "Histograms of distances", centres(found))
        yield (
            f"<h2>Distances{of}</h2>{''.join(f'<p>{text}</p>' for text in guarantees(found))}"
            f'<div class="figures">{figure}</div>'
        )
    figures = [
        html.chart(
            scatter(evaluation, method),
            f"{method} map of the embeddings, sketches as triangles, photos as circles",
            f"{method} of at most {MOST:,} embeddings, drawn. Triangles are sketches, circles "
            "photos; the classes with most points have colours.",
        )
        for method in ("PCA", "t-SNE")
    ]
    yield f'<h2>A map{of}</h2><div class="figures">{"".join(figures)}</div>'


def centres(found: Separation) -> str:
    where = "trained with" if found.trained else "means of the gallery's classes, not trained"
    counts = f"{len(found.sketches.own):,} sketches and {len(found.photos.own):,} photos"
    return (
        f"To the class centres ({where}); of {counts}: those that the evaluation keeps (a drawn "
        "sample of large sets) and whose class has a centre."
    )


def guarantees(found: Separation) -> Iterator[str]:
    """The share of embeddings that keep the margin."""
    margins = dict.fromkeys(
        value for value in (1.0, found.margin, MEMS_MARGIN) if value is not None and value >= 1
    )
    for margin in margins:
        what = (
            "are nearer to their own class's centre than to any other"
            if margin == 1
            else f"are {margin:.2f} times nearer to it, as a margin of {margin:.2f} asks"
        )
        shares = (each.kept(margin) for each in (found.sketches, found.photos))
        yield "{:.1%} of these sketches and {:.1%} of these photos {}.".format(*shares, what)


def repeated(evaluations: Sequence[Evaluation]) -> str:
    """Commands and everything else that tells how to come to these figures again."""
    parts = ["<h2>To repeat it</h2>"]
    for each in evaluations:
        facts = {key: value for key, value in each.facts.items() if key != "rows"}
        parts.append(
            f"<details><summary>{escape(each.title)}: {escape(each.facts['command'])}</summary>"
            f"<pre>{escape(json.dumps(facts, indent=2))}</pre></details>"
        )
    return "".join(parts)
