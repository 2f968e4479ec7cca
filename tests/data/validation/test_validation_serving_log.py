"""The log that a service should write, read by the validation."""

import json
import os

import pytest

from sbir_tf.data.validation import read_schema, read_serving_log, validate
from sbir_tf.errors import UserError
from tests.data.validation.made_up_facts import facts

LINE = {"domain": 0, "width": 60, "height": 60, "ink": 0.05, "colourfulness": 0.0}


def log(tmp_path, *lines, end="\n"):
    file = tmp_path / "requests.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines) + end)
    return file


def test_requests_like_the_training_are_no_skew(tmp_path):
    assert validate(facts(40), serving=log(tmp_path, *[LINE] * 100)).codes == ()


@pytest.mark.parametrize(
    ("change", "kind"),
    [({"ink": 0.5}, "ink"), ({"colourfulness": 80.0}, "colour"), ({"width": 400}, "shape")],
)
def test_requests_unlike_the_training_are_skew(tmp_path, change, kind):
    report = validate(facts(40), serving=log(tmp_path, *[LINE | change] * 100))
    assert report.codes == ("serving_skew",)
    assert report.anomalies[0].message.startswith(f"The {kind} of 100 served sketches")
    assert report.ok


def test_requests_are_compared_with_those_of_their_domain(tmp_path):
    photos = LINE | {"domain": 1, "ink": 0.15, "colourfulness": 60.0, "width": 80}
    assert validate(facts(40), serving=log(tmp_path, *[photos] * 100)).codes == ()


def test_other_keys_and_a_line_that_is_being_written_are_left_alone(tmp_path):
    file = log(tmp_path, LINE | {"milliseconds": 3}, LINE)
    file.write_text(file.read_text() + '{"domain": 0, "wid')
    assert len(read_serving_log(file)) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ink": 1.5}, "line 2: ink must be a number from 0 to 1. Received: 1.5"),
        ({"domain": 2}, "domain must be a whole number from 0 to 1"),
        ({"width": 3.5}, "width must be a whole number"),
        ({"ink": None}, "ink must be a number"),
        ({"ink": True}, "ink must be a number"),
        ({"colourfulness": float("nan")}, "colourfulness must be"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, change, said):
    with pytest.raises(UserError, match=said):
        read_serving_log(log(tmp_path, LINE, LINE | change))


@pytest.mark.parametrize("text", ["words\n", "[1]\n", '{"domain": 0}\n', "", "\n\n"])
def test_another_file_is_refused(tmp_path, text):
    file = tmp_path / "log"
    file.write_text(text)
    with pytest.raises(UserError, match=r"request"):
        read_serving_log(file)


@pytest.mark.parametrize("read", [read_serving_log, read_schema])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="pipe is no regular file"):
        read(tmp_path / "pipe")
    with pytest.raises(UserError, match="none does not exist"):
        read(tmp_path / "none")
