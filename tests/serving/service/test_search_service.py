"""The service against NumPy's ranking and its own disk."""

import asyncio
import io
import json
import threading

import numpy as np
import pytest
from PIL import Image

from pictures import read_picture
from serving.encoders import Unavailable
from serving.index import Model, create_index, open_index
from serving.service import Limits, Line, Query, SearchService, ServiceError, SkewLog, Strokes


def png(colour, size=(20, 20)):
    file = io.BytesIO()
    Image.new("RGB", size, tuple(int(value) for value in colour)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def place(encoder, gallery, tmp_path):
    """An index of the gallery's twelve pictures by their mean colours."""
    place = tmp_path / "index"
    index = create_index(place, "l2", 3, Model(encoder.name, encoder.digest))
    files = sorted(gallery.rglob("*.png"))
    vectors = encoder.encode([read_picture(file) for file in files], "photo")
    ids = [file.relative_to(gallery).as_posix() for file in files]
    index.add(ids, vectors, [{"class": name.split("/")[0], "number": 1} for name in ids])
    index.save()
    index.close()
    return place


def run(encoder, place, gallery, work, writable=False, **options):
    """Runs `await work(service)` on a service of its own."""

    async def whole():
        uploads = place.parent / "uploads" if writable else None
        service = SearchService(
            encoder, open_index(place, writable), pictures=gallery, uploads=uploads, **options
        )
        try:
            await service.start()
            return await work(service)
        finally:
            await service.close()

    return asyncio.run(whole())


def test_a_search_ranks_as_numpy_does(encoder, place, gallery):
    query = np.array([200, 40, 30]) / 255
    names, vectors, _ = next(iter(open_index(place).scan()))
    order = np.argsort(((vectors - query) ** 2).sum(1), kind="stable")
    found = run(encoder, place, gallery, lambda s: s.search(Query(photo=png((200, 40, 30)), k=12)))
    assert [hit.id for hit in found.hits] == [names[at] for at in order]
    assert [hit.rank for hit in found.hits] == list(range(1, 13))
    assert found.hits[0].class_name == "red"
    assert set(found.seconds) == {"read", "encode", "search"}


def test_a_drawing_and_a_photo_are_weighed(encoder, place, gallery):
    red, blue = png((220, 30, 20)), png((20, 30, 220))

    def first(weight):
        query = Query(drawing=red, photo=blue, weight=weight, k=1)
        return run(encoder, place, gallery, lambda s: s.search(query)).hits[0].class_name

    assert (first(1.0), first(0.9), first(0.1), first(0.0)) == ("red", "red", "blue", "blue")


def test_like_a_picture_leaves_the_picture_out(encoder, place, gallery):
    found = run(encoder, place, gallery, lambda s: s.search(Query(like="green/1.png", k=3)))
    assert sorted(hit.id for hit in found.hits) == ["green/0.png", "green/2.png", "green/3.png"]


def test_a_filter_and_fields_are_kept_to(encoder, place, gallery):
    query = Query(photo=png((0, 0, 0)), where={"class": "blue"}, fields=("number", "none"), k=9)
    hits = run(encoder, place, gallery, lambda s: s.search(query)).hits
    assert {hit.class_name for hit in hits} == {"blue"} and len(hits) == 4
    assert hits[0].metadata == {"number": 1}


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        (Query(), "invalid", "drawing"),
        (Query(photo=b"none"), "bad_picture", "photo"),
        (Query(photo=png((1, 1, 1)), k=0), "invalid", "k"),
        (Query(photo=png((1, 1, 1)), k=True), "invalid", "k"),
        (Query(photo=png((1, 1, 1)), weight=float("nan")), "invalid", "weight"),
        (Query(photo=png((1, 1, 1)), like="red/0.png"), "invalid", "like"),
        (Query(photo=png((1, 1, 1)), where={"clas": "blue"}), "invalid", "filter"),
        (Query(photo=png((1, 1, 1)), where={"a": list(range(1001))}), "invalid", "filter"),
        (Query(like="../index/current"), "not_found", "id"),
        (Query(drawing=Strokes(9, 9, ())), "invalid", "strokes.lines"),
        (Query(drawing=Strokes(9, 0, (Line(((1, 1),), 1),))), "invalid", "strokes.height"),
        (Query(drawing=Strokes(9, 9, (Line(((1, 1),) * 99, 9),))), "too_large", "strokes.lines"),
        (
            Query(drawing=Strokes(9, 9, (Line(((1, float("inf")),), 1),))),
            "invalid",
            "strokes.lines[0].points",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused_and_names_no_folder(
    encoder, place, gallery, tmp_path, query, code, field
):
    with pytest.raises(ServiceError) as caught:
        run(encoder, place, gallery, lambda s: s.search(query))
    assert (caught.value.code, caught.value.field) == (code, field)
    assert str(tmp_path) not in caught.value.message


def test_a_picture_with_too_many_pixels_is_refused_by_its_header(encoder, place, gallery):
    query = Query(photo=png((1, 1, 1), (101, 100)))
    with pytest.raises(ServiceError) as caught:
        run(encoder, place, gallery, lambda s: s.search(query), limits=Limits(pixels=10_000))
    assert caught.value.status == 413


def test_white_strokes_on_transparency_are_seen(encoder, place, gallery):
    file = io.BytesIO()
    drawn = Image.new("RGBA", (20, 20), (255, 255, 255, 0))
    drawn.paste((255, 255, 255, 255), (5, 5, 15, 15))
    drawn.save(file, "PNG")
    seen = []
    whole = encoder.encode
    encoder.encode = lambda some, domain: seen.extend(some) or whole(some, domain)
    run(encoder, place, gallery, lambda s: s.search(Query(drawing=file.getvalue())))
    assert seen[0][10, 10].tolist() == [0, 0, 0]
    assert seen[0][0, 0].tolist() == [255, 255, 255]


def test_several_searches_answer_each_for_itself(encoder, place, gallery):
    queries = [Query(photo=png((220, 30, 20)), k=1), Query(photo=b"x"), Query(like="blue/2.png")]
    one, two, three = run(encoder, place, gallery, lambda s: s.search_many(queries))
    assert one.hits[0].class_name == "red"
    assert two.code == "bad_picture"
    assert three.hits[0].class_name == "blue"


def test_a_lone_search_is_answered_by_one_thread_and_several_share_their_batches(
    encoder, place, gallery
):
    whole, threads = encoder.encode, []

    def encode(pictures, domain):
        threads.append(threading.current_thread().name.split("_")[0])
        return whole(pictures, domain)

    encoder.encode = encode
    red = Query(drawing=png((220, 30, 20)), k=1)

    async def work(service):
        await service.search(red)
        alone = threads.copy()
        await service.search_many([red, red, red])
        return alone, set(threads[len(alone) :])

    # The batcher's thread, the only one that makes batches, is called "encoder".
    assert run(encoder, place, gallery, work) == (["searching"], {"encoder"})


def test_an_added_picture_is_found_shown_and_kept(encoder, place, gallery):
    data = png((120, 120, 0))

    async def work(service):
        name = await service.add(None, data, {"class": "olive"})
        hits = (await service.search(Query(photo=data, k=1))).hits
        return name, hits, await service.picture(name), await service.thumb(name)

    name, hits, picture, thumb = run(encoder, place, gallery, work, writable=True)
    assert (hits[0].id, hits[0].class_name, hits[0].distance) == (name, "olive", 0)
    assert picture.data == data and picture.media_type == "image/png"
    assert Image.open(io.BytesIO(thumb.data)).size == (20, 20)
    again = run(encoder, place, gallery, lambda s: s.search(Query(photo=data, k=1)), writable=True)
    assert again.hits[0].id == name


def test_an_id_that_is_there_is_not_added_twice_and_keeps_its_file(encoder, place, gallery):
    first, second = png((120, 120, 0)), png((0, 0, 0))

    async def work(service):
        await service.add("olive/a.png", first, {})
        with pytest.raises(ServiceError) as caught:
            await service.add("olive/a.png", second, {})
        return caught.value.status, (await service.picture("olive/a.png")).data

    assert run(encoder, place, gallery, work, writable=True) == (409, first)


def test_a_removed_picture_is_gone_but_a_users_own_file_stays(encoder, place, gallery):
    async def work(service):
        await service.add("olive/a.png", png((120, 120, 0)), {})
        for name in ("olive/a.png", "red/0.png"):
            await service.remove(name)
            with pytest.raises(ServiceError) as caught:
                await service.picture(name)
            assert caught.value.status == 404

    run(encoder, place, gallery, work, writable=True)
    assert (gallery / "red" / "0.png").exists()
    assert not (place.parent / "uploads" / "olive" / "a.png").exists()


@pytest.mark.parametrize("name", ["../a.png", "/a.png", ".hidden", "a//b.png", "a/./b", "a\nb"])
def test_an_id_that_leads_elsewhere_is_refused(encoder, place, gallery, name):
    with pytest.raises(ServiceError) as caught:
        run(encoder, place, gallery, lambda s: s.add(name, png((1, 1, 1)), {}), writable=True)
    assert (caught.value.status, caught.value.field) == (422, "id")


def test_without_uploads_nothing_is_changed(encoder, place, gallery):
    for work in (lambda s: s.add(None, png((1, 1, 1)), {}), lambda s: s.remove("red/0.png")):
        with pytest.raises(ServiceError) as caught:
            run(encoder, place, gallery, work)
        assert caught.value.status == 403


def test_a_link_and_a_file_that_is_not_indexed_are_not_found(encoder, place, gallery, tmp_path):
    (tmp_path / "secret.png").write_bytes(png((9, 9, 9)))
    (gallery / "red" / "9.png").write_bytes(png((9, 9, 9)))
    (gallery / "red" / "0.png").unlink()
    (gallery / "red" / "0.png").symlink_to(tmp_path / "secret.png")

    async def status(service):
        told = []
        for name in ("red/0.png", "red/9.png", "red/../red/1.png"):
            with pytest.raises(ServiceError) as caught:
                await service.picture(name)
            told.append(caught.value.status)
        return told

    assert run(encoder, place, gallery, status) == [404, 404, 404]


def test_searches_go_on_while_generations_switch(encoder, place, gallery):
    async def work(service):
        seen = set()
        for number in range(9):
            colour = (number, 250, 250)
            adding = asyncio.create_task(service.add(f"cyan/{number}.png", png(colour), {}))
            searches = [service.search(Query(photo=png((220, 30, 20)), k=1)) for _ in range(4)]
            for found in await asyncio.gather(*searches):
                assert found.hits[0].class_name == "red"
                seen.add(found.generation)
            await adding
        service._changes.close()
        found = await service.search(Query(photo=png((0, 250, 250)), k=9))
        return {hit.class_name for hit in found.hits}

    limits = Limits(save_after=3)
    assert run(encoder, place, gallery, work, writable=True, limits=limits) == {"cyan"}
    assert open_index(place).info().generation >= 2


def test_an_encoder_of_another_digest_is_refused_at_the_start(encoder, place, gallery):
    encoder.digest = "d1" * 32
    with pytest.raises(ServiceError, match="was built by mean-colour"):
        run(encoder, place, gallery, lambda s: s.search(Query()))


def test_a_service_waits_for_its_encoder_and_says_so(encoder, place, gallery):
    there = []

    def opening():
        if not there:
            raise Unavailable("no answer from 10.9.8.7:8500", "the encoder does not answer")
        return encoder

    async def work(service):
        assert [reason.code for reason in service.reasons()] == ["encoder_unavailable"]
        with pytest.raises(ServiceError) as caught:
            await service.search(Query(photo=png((1, 1, 1))))
        assert (caught.value.status, "10.9" in caught.value.message) == (503, False)
        there.append(True)
        service._standing._next = 0
        service._standing.look()
        assert service.reasons() == []
        return await service.search(Query(photo=png((220, 30, 20)), k=1))

    assert run(opening, place, gallery, work).hits[0].class_name == "red"


def test_an_encoder_that_fails_in_between_is_told_without_its_address(encoder, place, gallery):
    def failing(pictures, domain):
        raise Unavailable("10.9.8.7 is away", "the encoder does not answer")

    encoder.encode, whole = failing, encoder.encode

    async def work(service):
        with pytest.raises(ServiceError) as caught:
            await service.search(Query(photo=png((1, 1, 1))))
        assert caught.value.message == "the encoder does not answer"
        encoder.encode = whole
        return await service.search(Query(photo=png((220, 30, 20)), k=1))

    assert run(encoder, place, gallery, work).hits[0].class_name == "red"


def test_the_skew_log_is_what_validation_reads(encoder, place, gallery, tmp_path):
    from sbir_tf.data.validation.serving_log import read_serving_log

    log = tmp_path / "skew.jsonl"
    drawn = Strokes(100, 50, (Line(((10, 10), (90, 40)), 3),))

    async def work(service):
        await service.search(Query(drawing=drawn))
        await service.search(Query(photo=png((220, 30, 20), (30, 40)), k=2))

    run(encoder, place, gallery, work, skew=SkewLog(log))
    rows = read_serving_log(log).to_pylist()
    assert [row["domain"] for row in rows] == [0, 1]
    assert (rows[1]["width"], rows[1]["height"]) == (30, 40)
    assert json.loads(log.read_text().splitlines()[1])["classes"] == ["red"]
