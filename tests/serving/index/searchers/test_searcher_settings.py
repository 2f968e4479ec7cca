import pytest

from serving.errors import ServingError
from serving.index.searchers.settings import Settings, choose, settle


@pytest.mark.parametrize(
    ("count", "largest", "expected"),
    [
        (1, 0, Settings("exact")),
        (19_999, 9_000, Settings("exact")),
        (20_000, 0, Settings("hash", 500)),
        (299_999, 0, Settings("hash", 1499)),
        (100_000, 400, Settings("hash", 500)),
        (100_000, 4_000, Settings("hash", 4_000)),  # not below the largest class
        (100_000, 50_000, Settings("hash", 20_000)),  # but no deeper than this
        (1_000_000, 0, Settings("tree", 1500, 2000, 400, soar=True)),
        (1_000_000, 1600, Settings("tree", 1600, 2000, 100)),
    ],
)
def test_the_searcher_follows_the_measurements(count, largest, expected):
    settings, why = choose(count, largest)
    assert settings == expected
    assert settings.problem(count) is None
    assert why.startswith(f"{count} vectors")
    assert ("lower" in why) == (largest > 20_000)


def test_nothing_asked_for_is_chosen():
    assert settle(None, 100_000, 4_000) == choose(100_000, 4_000)


def test_what_is_asked_for_is_completed_and_keeps_its_reason():
    assert settle({"reorder": 77, "why": "tuned"}, 100_000) == (Settings("hash", 77), "tuned")
    assert settle({"kind": "exact"}, 1_000_000) == (Settings("exact"), "asked for")
    # 2 * sqrt(10,000) leaves, a tenth of them visited.
    tree, _ = settle({"kind": "tree"}, 10_000)
    assert tree == Settings("tree", 500, 200, 20, soar=True)


def test_what_was_asked_of_more_vectors_is_chosen_anew():
    asked = Settings("tree", 100, 1000, 10).to_json()
    settings, why = settle(asked, 999)
    assert settings == Settings("exact")
    assert why.startswith("1000 leaves are more than 999 vectors, so this was chosen instead: ")
    assert settle(asked, 1000)[0] == Settings("tree", 100, 1000, 10)


def test_soar_of_a_single_leaf_is_chosen_anew():
    """ScaNN 1.3 would answer with one row k times."""
    asked = {"kind": "tree", "leaves": 1, "leaves_to_search": 1, "soar": True}
    settings, why = settle(asked, 400)
    assert settings == Settings("exact")
    assert why.startswith("SOAR needs 2 leaves at least, not 1, so this was chosen instead")
    assert settle(asked | {"leaves": 2}, 400)[0].soar
    assert settle(asked | {"soar": False}, 400)[0] == Settings("tree", 500, 1, 1)


def test_no_more_leaves_are_visited_than_there_are():
    asked = {"kind": "tree", "leaves": 10, "leaves_to_search": 50}
    assert settle(asked, 1000)[0].leaves_to_search == 10


@pytest.mark.parametrize(
    "settings", [Settings("exact"), Settings("hash", 7), Settings("tree", 7, 50, 5, soar=True)]
)
def test_plain_values_are_what_the_kind_has(settings):
    assert Settings(**settings.to_json()) == settings
    assert ("leaves" in settings.to_json()) == (settings.kind == "tree")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"kind": "hnsw"}, "exact, hash or tree. Received: kind='hnsw'"),
        ({"leafs": 7}, "Received: 'leafs'. Did you mean 'leaves'?"),
        ({"reorder": 0}, "reorder must be a whole number from 1. Received: reorder=0"),
        ({"leaves": 2.5}, "leaves=2.5"),
        ({"leaves_to_search": True}, "leaves_to_search=True"),
        ({"soar": 1}, "soar must be true or false. Received: soar=1"),
    ],
)
def test_settings_that_are_none_are_refused(asked, message):
    with pytest.raises(ServingError, match=message.replace("?", r"\?")):
        settle(asked, 100_000)
