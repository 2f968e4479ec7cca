import dataclasses
import json

import numpy as np
import pytest

from sbir_tf.errors import UserError
from training.baselines.material import learning_material
from training.baselines.plan import METHODS, plan_from_json, plan_of
from training.config import Data

# A setting of each that is not its default.
CHANGED = {
    "hog": "cell=8",
    "sift_words": "grid=3",
    "s_helo": "power=1",
    "frozen": "size=64",
    "cca": "power=0.5",
    "pls": "compare=predictions",
    "itq": "unit=true",
    "cca_itq": "views=pairs",
}


@pytest.mark.parametrize("method", METHODS)
def test_a_plan_comes_back_from_its_json(method):
    data = Data(split="zero_shot", train_on=("train",))
    plan = plan_of(method, [CHANGED[method]], data, seed=3)
    key = CHANGED[method].partition("=")[0]
    assert getattr(plan.baseline, key) != getattr(METHODS[method](), key)
    assert plan_from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_pictures_come_at_the_size_that_the_method_reads():
    assert plan_of("hog", ["size=32"], Data(size=64), seed=0).data.size == 32


@pytest.mark.parametrize(
    "method, overrides, said",
    [
        ("hogg", [], r"no method 'hogg'.*'hog'"),
        ("hog", ["cel=8"], r"hog has no setting 'cel'.*'cell'"),
        ("hog", ["cell=big"], r"cell is of type int. Received: 'big'"),
        ("pls", ["compare=both"], r"compare is one of scores, predictions"),
    ],
)
def test_what_a_method_does_not_have_is_refused(method, overrides, said):
    with pytest.raises(UserError, match=said):
        plan_of(method, overrides, Data(), seed=0)


@pytest.mark.parametrize("method", METHODS)
def test_every_setting_is_explained(method):
    kind = METHODS[method]
    for field in dataclasses.fields(kind):
        assert f"{field.name}" in kind.__doc__.partition("Attributes:")[2]


def test_the_trained_parts_are_joined_by_domain(few_icons):
    split = [
        learning_material(Data(size=24, train_on=parts))
        for parts in (("train",), ("train", "validation"))
    ]
    for part, both, domain in zip(*split, (0, 1), strict=True):
        assert (part.domain, both.domain) == (domain, domain)
        assert 0 < len(part) < len(both) == len(both.labels)
        assert np.array_equal(both.labels[: len(part)], part.labels)
        assert sum(map(len, both.batches(16))) == len(both)
