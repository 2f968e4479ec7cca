"""The page in a real browser: drawn on, looked at, disturbed."""

import json

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow
LINE = ((0.2, 0.2), (0.8, 0.7))


@pytest.fixture
def red(tmp_path):
    path = tmp_path / "red.png"
    Image.new("RGB", (80, 50), (250, 50, 50)).save(path)
    return path


def strokes(page):
    return page.bodies[-1]["strokes"]["lines"]


def test_drawing_searches_and_each_stroke_searches_again(open_page):
    page = open_page()
    assert page.status() == "Nothing drawn yet."
    page.draw(*LINE)
    assert len(page.names()) == 30
    first = strokes(page)
    assert len(first) == 1 and len(first[0]["points"]) > 5
    # The mouse went from a fifth of the 400 units to four fifths and seven tenths.
    assert np.allclose(first[0]["points"][0], (80, 80), atol=1.5)
    assert np.allclose(first[0]["points"][-1], (320, 280), atol=1.5)
    page.draw((0.8, 0.2), (0.2, 0.7))
    assert len(strokes(page)) == 2
    assert page.page.locator("#hits img").first.get_attribute("src").endswith("/thumb")


def test_results_come_while_one_draws(open_page):
    page = open_page()
    box = page.page.locator("#paper").bounding_box()
    page.page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.page.mouse.down()
    page.act(lambda: page.page.mouse.move(box["x"] + 200, box["y"] + 150, steps=5))
    assert page.names()
    page.act(page.page.mouse.up)


def test_undo_redo_and_clear_change_what_is_searched(open_page):
    page = open_page()
    page.draw(*LINE)
    page.draw((0.8, 0.2), (0.2, 0.7))
    page.act(page.page.locator("#undo").click)
    assert len(strokes(page)) == 1
    page.act(lambda: page.page.keyboard.press("Control+Shift+z"))
    assert len(strokes(page)) == 2
    page.act(page.page.locator("#clear").click, "empty")
    assert page.names() == [] and page.status() == "Nothing drawn yet."
    page.act(lambda: page.page.keyboard.press("Control+z"))
    assert len(strokes(page)) == 2
    assert page.page.locator("#redo").is_enabled()


def test_the_eraser_takes_the_stroke_it_touches_and_undo_brings_it_back(open_page):
    page = open_page()
    page.draw((0.1, 0.2), (0.9, 0.2))
    page.draw((0.1, 0.8), (0.9, 0.8))
    page.page.keyboard.press("e")
    assert page.page.locator("#eraser").get_attribute("aria-pressed") == "true"
    page.draw((0.5, 0.7), (0.5, 0.9))
    assert [line["points"][0][1] for line in strokes(page)] == [pytest.approx(80, abs=2)]
    page.act(page.page.locator("#undo").click)
    assert len(strokes(page)) == 2


def test_the_width_is_that_of_the_next_stroke(open_page):
    page = open_page()
    page.draw(*LINE)
    page.page.locator("#width").fill("20")
    page.draw((0.8, 0.2), (0.2, 0.7))
    assert [line["width"] for line in strokes(page)] == [5, 20]


def test_a_finger_draws(open_page):
    page = open_page(width=390, height=800, has_touch=True, is_mobile=True)
    box = page.page.locator("#paper").bounding_box()
    session = page.page.context.new_cdp_session(page.page)

    def touch(kind, *points):
        places = [{"x": box["x"] + x, "y": box["y"] + y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    def whole():
        touch("touchStart", (50, 50))
        for step in range(1, 6):
            touch("touchMove", (50 + 20 * step, 50 + 10 * step))
        touch("touchEnd")

    page.act(whole)
    assert len(strokes(page)) == 1 and len(strokes(page)[0]["points"]) >= 4
    assert page.page.evaluate("scrollY") == 0


def test_an_uploaded_picture_is_searched_by_as_a_photo_or_as_a_drawing(open_page, red):
    page = open_page()
    page.act(lambda: page.page.locator("#file").set_input_files(red))
    assert page.names()[0] == "red"
    assert set(page.bodies[-1]) == {"photo", "k"}
    page.act(page.page.get_by_label("a drawing").check)
    assert set(page.bodies[-1]) == {"drawing", "k"}
    page.act(page.page.locator("#forget").click, "empty")
    assert page.names() == []


def test_a_drawing_and_a_picture_are_weighed(open_page, red):
    page = open_page()
    page.act(lambda: page.page.locator("#file").set_input_files(red))
    page.draw(*LINE)
    assert page.page.locator("#weight-box").is_visible()
    page.act(lambda: page.page.locator("#weight").fill("10"))
    assert page.bodies[-1]["weight"] == 0.1
    assert page.names()[0] == "red"


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_a_picture_is_pasted_or_dropped(open_page, red, kind):
    page = open_page()
    give = """async ([kind, bytes]) => {
        const file = new File([new Uint8Array(bytes)], "red.png", { type: "image/png" });
        const data = new DataTransfer();
        data.items.add(file);
        const event = kind === "paste"
            ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
            : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
        document.body.dispatchEvent(event);
    }"""
    page.act(lambda: page.page.evaluate(give, [kind, list(red.read_bytes())]))
    assert page.names()[0] == "red"


def test_what_is_no_picture_is_told(open_page, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"no picture")
    page = open_page()
    page.act(lambda: page.page.locator("#file").set_input_files(path), "error")
    assert page.status() == "a.png cannot be read as a picture."


def test_a_link_restores_the_drawing(open_page):
    page = open_page()
    page.draw(*LINE)
    page.draw((0.8, 0.2), (0.2, 0.7))
    page.page.locator("#copy").click()
    page.page.wait_for_function("() => location.hash.startsWith('#d=')")
    end = page.page.evaluate("location.hash")
    other = open_page(path="/" + end)
    other.act(lambda: None) if other.page.evaluate(
        "document.body.dataset.state"
    ) != "answered" else 0
    assert len(strokes(other)) == 2
    for one, two in zip(strokes(page), strokes(other), strict=True):
        assert np.abs(np.subtract(one["points"], two["points"])).max() <= 0.5
        assert one["width"] == two["width"]


@pytest.mark.parametrize("end", ["#d=!!", "#d=AAAA", "#d=AgEB", "#d=" + "_" * 9000])
def test_a_broken_link_is_told(open_page, end):
    page = open_page(path="/" + end)
    page.page.wait_for_selector("body[data-state=error]")
    assert "cannot be read" in page.status()


def test_an_example_is_drawn_and_searched(open_page):
    page = open_page()
    assert page.page.locator("#examples button").count() == 8
    page.act(page.page.get_by_label("Draw a house").click)
    assert len(strokes(page)) == 5


def test_a_picture_is_seen_large_and_more_like_it_are_found(open_page):
    page = open_page()
    page.draw(*LINE)
    hit = page.page.locator("#hits button").nth(3)
    name = hit.get_attribute("data-id")
    hit.click()
    assert page.page.locator("#large").is_visible()
    assert page.page.locator("#large-id").inner_text() == name
    page.act(page.page.locator("#more").click)
    ids = page.page.locator("#hits button").evaluate_all("all => all.map((b) => b.dataset.id)")
    assert name not in ids and len(ids) == 30
    assert "like" in page.page.locator("#like-text").inner_text()
    page.act(page.page.locator("#back").click)
    assert page.page.locator("#like").is_hidden()


def test_only_a_class_is_shown(open_page):
    page = open_page()
    page.draw(*LINE)
    page.act(lambda: page.page.locator("#only").fill("blue"))
    assert set(page.names()) == {"blue"}
    page.act(lambda: page.page.locator("#only").fill("green"))
    assert (page.names(), page.status()) == ([], "No picture was found.")


def test_everything_is_reached_by_the_keyboard(open_page):
    page = open_page()
    page.act(lambda: page.page.get_by_label("Draw a star").press("Enter"))
    seen = set()
    page.page.locator("#paper").focus()
    seen.add("paper")
    for _ in range(12):
        page.page.keyboard.press("Tab")
        seen.add(page.page.evaluate("document.activeElement.id"))
    wanted = {"paper", "pen", "eraser", "undo", "clear", "width", "file", "copy", "only"}
    assert wanted - seen == set()
    page.page.locator("#hits button").first.press("Enter")
    assert page.page.locator("#large").is_visible()
    page.page.keyboard.press("Escape")
    assert page.page.locator("#large").is_hidden()


def test_a_service_that_is_away_is_told_and_comes_back(open_page):
    page = open_page()
    page.quiet = False
    page.page.route("**/v1/search", lambda route: route.abort())
    box = page.page.locator("#paper").bounding_box()
    page.page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 150, box["y"] + 150, steps=4)
    page.act(page.page.mouse.up, "offline")
    assert page.status() == "The service does not answer. Trying again…"
    page.act(lambda: page.page.unroute("**/v1/search"))
    assert page.names()


@pytest.mark.parametrize(
    ("status", "state", "said"),
    [
        (503, "waiting", "The encoder does not answer."),
        (422, "error", "The encoder does not answer."),
    ],
)
def test_a_refusal_is_told_in_words(open_page, status, state, said):
    page = open_page()
    page.quiet = False
    body = json.dumps(
        {"error": {"code": "x", "message": "the encoder does not answer", "field": None}}
    )
    page.page.route("**/v1/search", lambda route: route.fulfill(status=status, body=body))
    page.act(page.page.get_by_label("Draw a star").click, state)
    assert page.status().startswith(said)
    page.page.unroute("**/v1/search")
    if state == "waiting":
        page.act(lambda: None)
        assert page.names()


def test_an_old_answer_never_replaces_a_newer_one(open_page):
    page = open_page()
    held = []
    page.page.route("**/v1/search", lambda route: route.continue_() if held else held.append(route))
    page.page.get_by_label("Draw a star").click()
    while not held:  # the first question is on its way, and stays there
        page.page.evaluate("new Promise(requestAnimationFrame)")
    page.act(page.page.get_by_label("Draw a house").click)
    assert len(strokes(page)) == 5
    assert page.page.evaluate("document.body.dataset.answered") == "1"


@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_width_and_scheme(open_page, width, scheme):
    page = open_page(width=width, color_scheme=scheme)
    page.draw(*LINE)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    back = page.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(json.loads(f"[{back[4:-1]}]")) < 200) == (scheme == "dark")
    sheet = page.page.evaluate("getComputedStyle(document.getElementById('paper')).backgroundColor")
    assert sheet == "rgb(255, 255, 255)"
