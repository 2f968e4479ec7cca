"""The service's parts, each alone."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.service.admission import Gate
from serving.service.asking import Line, Strokes
from serving.service.batching import Batcher
from serving.service.checking import check_strokes
from serving.service.drawing import SIDE, draw, frame_of
from serving.service.errors import Overloaded, ServiceError
from serving.service.finding import scores_of
from serving.service.limits import Limits
from serving.service.metrics import Metrics
from serving.service.pictures import Thumbs

POINT = st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))


def strokes(*lines, width=100, height=100):
    return Strokes(width, height, tuple(Line(tuple(points), 2) for points in lines))


def test_what_is_drawn_fills_the_picture_but_for_a_margin_wherever_it_was():
    small = draw(strokes([(10, 10), (30, 10), (30, 30), (10, 30), (10, 10)]))
    moved = draw(strokes([(60, 50), (80, 50), (80, 70), (60, 70), (60, 50)]))
    assert np.abs(small.astype(int) - moved).max() <= 40  # edges, between two pixels
    rows = np.flatnonzero((small[..., 0] < 128).any(axis=1))
    # 20 units of 22 * 1.2 that are shown on 512 pixels, and a line of 32, the thickest there is.
    assert rows[-1] - rows[0] + 1 == pytest.approx(20 / 26.4 * SIDE + 32, abs=3)
    assert small.shape == (SIDE, SIDE, 3) and small.dtype == np.uint8


def test_a_dot_is_not_blown_up():
    _, _, side = frame_of(strokes([(50, 50)]))
    assert side == pytest.approx(0.15 * 100 * 1.2)
    assert 0 < (draw(strokes([(50, 50)])) < 128).mean() < 0.2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(POINT, min_size=1, max_size=6), min_size=1, max_size=4))
def test_any_strokes_are_drawn_or_refused_and_leave_ink_on_white(lines):
    drawing = strokes(*lines)
    try:
        check_strokes(drawing, Limits())
    except ServiceError:
        return
    picture = draw(drawing)
    assert picture.min() < 128 and (picture == 255).any()


class Encoder:
    dimension = 1

    def __init__(self):
        self.batches, self.go, self.busy = [], threading.Event(), threading.Event()

    def encode(self, pictures, domain):
        self.batches.append((domain, [int(picture[0]) for picture in pictures]))
        self.busy.set()
        self.go.wait(30)
        return np.array([[picture[0]] for picture in pictures], np.float32)


@pytest.fixture
def batched():
    encoder = Encoder()
    batcher = Batcher(lambda: encoder, 3, 0.0, Metrics())
    yield encoder, batcher
    encoder.go.set()
    batcher.close()


def ask(batcher, *values, domain="sketch"):
    return [batcher.submit(np.array([value]), domain) for value in values]


def test_one_alone_goes_at_once_and_the_rest_together_by_domain(batched):
    encoder, batcher = batched
    first = ask(batcher, 0)
    assert encoder.busy.wait(30)
    rest = [*ask(batcher, 1, 2), *ask(batcher, 9, domain="photo"), *ask(batcher, 3, 4)]
    encoder.go.set()
    assert [int(future.result(30)[0]) for future in first + rest] == [0, 1, 2, 9, 3, 4]
    assert encoder.batches[:2] == [("sketch", [0]), ("sketch", [1, 2, 3])]
    assert sorted(encoder.batches[2:]) == [("photo", [9]), ("sketch", [4])]


def test_what_nobody_waits_for_is_not_encoded(batched):
    encoder, batcher = batched
    ask(batcher, 0)
    assert encoder.busy.wait(30)
    gone, kept = ask(batcher, 1, 2)
    assert gone.cancel()
    encoder.go.set()
    kept.result(30)
    assert encoder.batches[1] == ("sketch", [2])


def test_an_encoder_that_fails_fails_its_batch_alone(batched):
    encoder, batcher = batched
    encoder.go.set()
    whole, encoder.encode = encoder.encode, None  # not callable
    (broken,) = ask(batcher, 1)
    with pytest.raises(TypeError):
        broken.result(30)
    encoder.encode = whole
    assert ask(batcher, 2)[0].result(30)[0] == 2


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_the_gate_admits_as_many_as_are_answered_in_twice_the_time_of_one():
    clock = Clock()
    gate = Gate(Limits(least=1, most=50), Metrics(), clock)
    with gate.admitted():
        clock.now += 0.020
    assert gate.alone == pytest.approx(0.020)
    inside = [gate.admitted() for _ in range(12)]
    for one in inside:
        one.__enter__()
    for one in inside:  # an answer every 5 ms, of twelve at once
        clock.now += 0.005
        one.__exit__(None, None, None)
    assert gate.between == pytest.approx(0.005)
    assert gate.room == 8  # 2 * 20 / 5
    kept = [gate.admitted() for _ in range(8)]
    for one in kept:
        one.__enter__()
    with pytest.raises(Overloaded) as caught, gate.admitted():
        pass
    assert caught.value.retry_after >= 1
    kept[0].__exit__(None, None, None)
    with gate.admitted():
        pass


def test_a_few_may_wait_but_not_while_others_are_refused():
    clock = Clock()
    gate = Gate(Limits(least=3, most=50), Metrics(), clock)
    gate.alone = gate.between = 0.010  # 2 * 10 / 10 fit
    clock.now = 10.0
    assert gate.room == 3
    inside = [gate.admitted() for _ in range(3)]
    for one in inside:
        one.__enter__()
    with pytest.raises(Overloaded), gate.admitted():
        pass
    assert gate.room == 2
    clock.now += 0.9
    with pytest.raises(Overloaded), gate.admitted():
        pass
    clock.now += 0.9
    assert gate.room == 2  # refused a moment ago
    clock.now += 0.2
    assert gate.room == 3


def test_a_batchs_time_is_not_taken_for_that_of_a_search():
    clock = Clock()
    gate = Gate(Limits(), Metrics(), clock)
    with gate.admitted(typical=False):
        clock.now += 5
    assert gate.alone == 0


def test_scores_run_from_one_to_zero_by_every_metric():
    # 1 / (1 + sqrt(100) / 10) = 1 / 2; 1 - 2 / 2 = 0; 1 - 16 / 64 = 3 / 4
    assert scores_of([0, 100], "l2", 8) == [1, 0.5]
    assert scores_of([0, 2], "cosine", 8) == [1, 0]
    assert scores_of([0, 16], "hamming", 64) == [1, 0.75]


def test_small_pictures_are_kept_within_their_room_and_follow_the_file(painter, tmp_path):
    thumbs = Thumbs(8, 200, 10**6)
    path = painter(tmp_path / "a.png", (250, 0, 0))
    first = thumbs.of("a", path)
    assert thumbs.of("a", path) is first
    painter(path, (0, 0, 250), size=(25, 18))
    assert thumbs.of("a", path) is not first
    for number in range(9):
        thumbs.of(str(number), path)
    assert sum(len(one.data) for one in thumbs._kept.values()) == thumbs._bytes <= 200
