"""Distances to the own and to the nearest other centre."""

import numpy as np
import pytest
from made_up_evaluation import NAMES, drawn, write_evaluation
from scipy.spatial.distance import cdist

from sbir_tf.report import open_evaluation
from sbir_tf.report.distances import Distances, distances, separation


def test_distances_are_those_of_scipy_whatever_the_order_of_the_classes():
    centers, points, labels = drawn()
    order = [2, 0, 3, 1]
    names = np.array(NAMES)
    found = distances(points["queries"], names[labels["queries"]], centers[order], names[order])
    all_of = cdist(points["queries"], centers)
    own = all_of[np.arange(len(all_of)), labels["queries"]]
    all_of[np.arange(len(all_of)), labels["queries"]] = np.inf
    np.testing.assert_allclose(found.own, own, rtol=1e-6)
    np.testing.assert_allclose(found.other, all_of.min(axis=1), rtol=1e-6)


def test_an_embedding_whose_class_has_no_centre_is_left_out():
    found = distances(np.eye(2), np.array(["a", "zebra"]), np.zeros((2, 2)), np.array(["a", "b"]))
    assert found.own.tolist() == [1.0]


def test_the_share_that_keeps_the_margin():
    found = Distances(np.array([1.0, 1.0, 2.0]), np.array([3.0, 5.0, 5.0]))
    assert found.kept(1) == 1
    assert found.kept(4) == pytest.approx(1 / 3)  # 4 < 3 no, 4 < 5 yes, 8 < 5 no


@pytest.mark.parametrize("centers", [True, False])
def test_without_trained_centres_the_gallerys_means_stand_for_them(tmp_path, centers):
    found = separation(open_evaluation(write_evaluation(tmp_path / "one", centers=centers)))
    assert found.trained is centers
    assert len(found.sketches.own) == 24
    if not centers:
        _, points, labels = drawn()
        mean = points["gallery"][labels["gallery"] == 2].mean(axis=0)
        own = np.linalg.norm(points["queries"][2] - mean)
        assert found.sketches.own[2] == pytest.approx(own, rel=1e-5)
