"""Which queries and confusions a report shows."""

import numpy as np
import pytest

from sbir_tf.evaluation import rank
from sbir_tf.report.choice import best_median_worst, confusions, rows_to_show


@pytest.fixture
def rankings():
    # On a line: class 0 at 0 and 1, class 1 at 2 and 3, class 2 at 10.
    gallery, labels = np.array([[0.0], [1], [2], [3], [10]]), [0, 0, 1, 1, 2]
    # Query 0 finds its own first; 1 finds both of class 0 before its own; 2 is right; 3 has none.
    queries, asked = np.array([[0.1], [0.4], [9.0], [0.0]]), [0, 1, 2, 7]
    return rank(queries, asked, gallery, labels)


def test_the_best_have_the_highest_ap_and_the_worst_the_lowest(rankings):
    chosen = best_median_worst(rankings, 1)
    # AP of query 1: its items stand at places 3 and 4, (1/3 + 2/4) / 2 = 0.417; others are 1.
    assert chosen["best"].tolist() == [0]
    assert chosen["worst"].tolist() == [1]
    assert chosen["median"].tolist() == [2]
    everything = best_median_worst(rankings, 10)
    assert all(3 not in rows for rows in everything.values())


def test_queries_of_other_classes_come_before_more_of_one_class():
    gallery, labels = np.array([[0.0], [5]]), ["a", "b"]
    queries, asked = np.array([[0.0], [0.1], [0.2], [5.1]]), ["a", "a", "a", "b"]
    chosen = best_median_worst(rank(queries, asked, gallery, labels), 3)
    assert chosen["best"].tolist() == [0, 3, 1]


def test_confusions_are_counted_in_the_first_places(rankings):
    found = {(pair.searched, pair.found): pair for pair in confusions(rankings)}
    # Of the five places (the whole gallery) of class 1's only query, two are of class 0.
    pair = found[1, 0]
    assert pair.share == pytest.approx(2 / 5)
    assert (pair.query, pair.item) == (1, 0)
    assert (3, 0) not in found  # of the query with nothing to find


def test_all_that_a_report_shows_is_among_the_rows(rankings):
    queries, items = rows_to_show(rankings)
    assert queries.tolist() == [0, 1, 2]
    assert items.tolist() == [0, 1, 2, 3, 4]
    for pair in confusions(rankings):
        assert pair.query in queries
        assert pair.item in items
