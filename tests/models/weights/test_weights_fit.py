"""A file's tensors brought to a network: each finds its place, or nothing is loaded."""

import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.models import add_class_centers, build_encoder, load_weights
from sbir_tf.models.weights.fit import fit
from sbir_tf.models.weights.network import weights_of
from tests.models.weights.made_up import WIDTH, fill, network, outputs, tensors, write


def loaded(model, values):
    fitted = fit(model, values, "a.pth")
    fitted.install()
    return fitted


def weight(model, layer, number=0):
    return model.get_layer(layer).get_weights()[number]


def test_every_tensor_lands_where_its_name_says_number_by_number():
    values = tensors(False)
    model = network("se")
    loaded(model, values)
    conv = weight(model, "layer1_0_conv1")
    for out, into, row, column in [(0, 1, 2, 0), (7, 3, 1, 2)]:
        assert conv[row, column, into, out] == values["layer1.0.conv1.weight"][
            out, into, row, column
        ]  # fmt: skip
    for number, part in enumerate(("weight", "bias", "running_mean", "running_var")):
        given = values[f"layer0.bn1.{part}"]
        np.testing.assert_array_equal(weight(model, "layer0_bn1", number), given)
    gate = "layer1.0.se_module"
    for channel, hidden in [(3, 1), (6, 0)]:
        squeezed = values[f"{gate}.fc1.weight"][hidden, channel, 0, 0]
        assert weight(model, "layer1_0_se", 0)[channel, hidden] == squeezed
        excited = values[f"{gate}.fc2.weight"][channel, hidden, 0, 0]
        assert weight(model, "layer1_0_se", 2)[hidden, channel] == excited
    np.testing.assert_array_equal(weight(model, "layer1_0_se", 1), values[f"{gate}.fc1.bias"])
    np.testing.assert_array_equal(weight(model, "layer1_0_se", 3), values[f"{gate}.fc2.bias"])


def test_the_account_names_every_tensor_and_every_weight_once():
    values = tensors(False, True) | {"epoch": np.array(3)}
    model = build_encoder(network("non_local", "gc"), 4)
    account = loaded(model, values).account
    seen = [name for name, _ in (*account.loaded, *account.left)]
    assert sorted(seen) == sorted(values)
    weights = [key for _, key in account.loaded] + [key for key, _ in account.missing]
    assert sorted(weights) == sorted(weight.key for weight in weights_of(model))
    reasons = dict(account.left)
    assert reasons["epoch"] == "not of the network"
    assert reasons["last_linear.bias"] == "the classifier"
    assert "SE gates" in reasons["layer1.0.se_module.fc1.bias"]
    assert reasons["layer0.bn1.num_batches_tracked"] == "counters of training steps"
    assert "keeps its start" in dict(account.missing)["layer2_0_gc/attention_kernel"]


def test_the_accounts_text_counts_and_names_what_was_left_and_missing():
    text = str(loaded(network("gc"), tensors(False)).account)
    assert "small: 10 tensors loaded" in text
    assert "left in the file: 8" in text
    assert "last_linear.weight, last_linear.bias: the classifier" in text
    assert "layer1.0.se_module.fc1.bias, layer1.0.se_module.fc2.weight and 1 more: SE" in text
    assert "missing from the file: 7" in text
    assert "layer1_0_gc/squeeze_kernel, layer1_0_gc/squeeze_bias and 4 more: a gate" in text


def test_adding_dase_keeps_the_function_of_a_plain_se_network_for_both_domains():
    values = tensors(False, False)
    plain, aware = network("se", "se"), network("dase", "dase")
    assert loaded(plain, values).account.notes == ()
    (note,) = loaded(aware, values).account.notes
    assert "2 gates got zeros for the domain bit" in note
    np.testing.assert_array_equal(weight(aware, "layer1_0_dase", 2)[-1], np.zeros(WIDTH))
    for expected, received in zip(outputs(plain), outputs(aware), strict=True):
        np.testing.assert_allclose(received, expected, rtol=1e-6)


def test_a_gate_that_sees_the_domain_goes_into_plain_se_only_if_it_makes_no_difference():
    values = tensors(True)
    model = network("se")
    before = model.get_weights()
    with pytest.raises(UserError, match=r"fc2\.weight .*its gate sees the domain, this network's"):
        loaded(model, values)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    values["layer1.0.se_module.fc2.weight"][:, -1] = 0
    assert "1 gates lost the domain bit's zeros" in loaded(model, values).account.notes[0]


def checkpoint(**heads):
    """As the authors' 2021 checkpoints: domain-aware but for the last stage, trained parallel."""
    values = {f"module.{k}": v for k, v in tensors(True, False, classifier=False).items()}
    return {f"net.{k}": v for k, v in (values | heads).items()} | {"optimizer.0": np.zeros(2, "f4")}


def test_a_2021_checkpoint_gives_network_embedding_and_centres(tmp_path):
    rng = np.random.default_rng(0)
    heads = {
        "module.fc.weight": rng.normal(size=(512, WIDTH)).astype(np.float32),
        "module.fc.bias": rng.normal(size=512).astype(np.float32),
        "loss.centers": rng.normal(size=(5, 512)).astype(np.float32),
    }
    values = checkpoint(**heads)
    encoder = build_encoder(network("dase", "dase"), 512)
    fitted = loaded(encoder, values)
    np.testing.assert_array_equal(weight(encoder, "embedding"), heads["module.fc.weight"].T)
    np.testing.assert_array_equal(fitted.centers, heads["loss.centers"])
    column = values["net.module.layer1.0.se_module.fc2.weight"][:, -1]
    np.testing.assert_array_equal(weight(encoder, "layer1_0_dase", 2)[-1], column)
    assert not weight(encoder, "layer2_0_dase", 2)[-1].any()
    assert ("net.loss.centers", "class centres, which are kept beside the weights") in (
        fitted.account.left
    )
    assert fitted.account.missing == ()
    assert "squeezes with sigmoid" in fitted.account.notes[0]
    assert "1 gates got zeros" in fitted.account.notes[1]
    path = write(tmp_path / "a.pth", values)
    again = build_encoder(network("dase", "dase"), 512)
    assert load_weights(again, path) == fitted.account
    for one, other in zip(again.get_weights(), encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_embedding_without_a_known_name_is_left_and_two_sets_of_centres_are_not_chosen_from():
    centers = np.zeros((5, 512), np.float32)
    heads = {
        "module.projector.weight": np.zeros((512, WIDTH), np.float32),
        "module.projector.bias": np.zeros(512, np.float32),
        "sketch_centers": centers,
        "photo_centres": centers,
    }
    fitted = loaded(build_encoder(network("dase", "dase"), 512), checkpoint(**heads))
    assert fitted.centers is None
    left = {name for name, why in fitted.account.left if why == "not of the network"}
    assert left == {f"net.{name}" for name in heads} | {"optimizer.0"}
    missing = [name for name, why in fitted.account.missing if "embedding" in why]
    assert missing == ["embedding/kernel", "embedding/bias"]


def test_an_embedding_of_another_size_names_the_setting():
    heads = {"fc.weight": np.zeros((512, WIDTH), np.float32), "fc.bias": np.zeros(512, np.float32)}
    with pytest.raises(UserError, match=r"set network\.embedding_dim=512"):
        loaded(build_encoder(network("dase", "dase"), 16), checkpoint(**heads))


def refused(model, values, match):
    before = model.get_weights()
    with pytest.raises(UserError, match=match) as caught:
        loaded(model, values)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    return str(caught.value)


def test_a_checkpoint_of_another_network_names_the_first_three_tensors_and_changes_nothing():
    wide = tensors(False, False, False, width=2 * WIDTH)
    message = refused(network("dase", "dase"), wide, r"a\.pth does not fit small")
    assert "layer0.conv1.weight gives layer0_conv1/kernel (3, 3, 3, 16), expected (3, 3, 3, 8)" in (
        message
    )
    assert message.count(", expected (") == 3
    assert "; and 29 more. Nothing was loaded" in message


def test_a_tensor_without_a_place_is_named():
    message = refused(network("dase"), tensors(False, False), "has no place")
    assert "layer2.0.conv1.weight (8, 8, 3, 3) has no place" in message


def test_a_missing_tensor_is_named():
    values = tensors(False)
    del values["layer1.0.bn1.running_var"], values["layer1.0.se_module.fc1.bias"]
    message = refused(network("se"), values, "does not fit")
    assert (
        "layer1.0.bn1.running_var for layer1_0_bn1/moving_variance (8,) is missing; "
        "layer1.0.se_module.fc1.bias for layer1_0_se/squeeze_bias (2,) is missing" in message
    )


def test_numbers_that_are_not_finite_are_refused():
    values = tensors(False)
    values["layer1.0.bn1.bias"][3] = np.nan
    refused(network("se"), values, r"layer1\.0\.bn1\.bias holds values that are not finite")


def test_unknown_names_and_two_networks_in_one_file_are_refused():
    message = refused(network("se"), {"conv1.weight": np.zeros((2, 3))}, "of no network")
    assert "(conv1.weight (2, 3)). Known: cadene's" in message
    twice = {f"{k}.{n}": v for k in ("model", "ema") for n, v in tensors(False).items()}
    refused(network("se"), twice, r"holds 2 networks, under 'model\.', 'ema\.'")


@pytest.mark.parametrize("kind", ["a.weights.h5", "legacy.h5", "model.keras"])
@pytest.mark.parametrize("gates", [("dase", "se"), ("non_local", "gc"), (None, "dase")])
def test_keras_files_bring_every_weight_back(tmp_path, kind, gates):
    model = fill(network(*gates))
    model.save(tmp_path / kind) if "keras" in kind else model.save_weights(tmp_path / kind)
    again = network(*gates)
    account = load_weights(again, tmp_path / kind)
    assert len(account.loaded) == len(model.weights)
    assert account.left == account.missing == ()
    for one, other in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", ["a.weights.h5", "legacy.h5", "model.keras"])
def test_keras_files_of_plain_se_fill_dase_too_and_keep_the_function(tmp_path, kind):
    plain = fill(network("se", "se"))
    plain.save(tmp_path / kind) if "keras" in kind else plain.save_weights(tmp_path / kind)
    aware = network("dase", "se")
    assert "1 gates got zeros" in load_weights(aware, tmp_path / kind).notes[0]
    for expected, received in zip(outputs(plain), outputs(aware), strict=True):
        np.testing.assert_allclose(received, expected, rtol=1e-6)


@pytest.mark.parametrize("kind", ["a.weights.h5", "legacy.h5", "model.keras"])
def test_a_trained_model_fills_a_backbone_with_its_network_alone(tmp_path, kind):
    encoder = fill(build_encoder(network("dase"), 4))
    model = add_class_centers(encoder, 3, seed=0)
    model.save(tmp_path / kind) if "keras" in kind else model.save_weights(tmp_path / kind)
    backbone, again = network("dase"), build_encoder(network("dase"), 4)
    account = load_weights(backbone, tmp_path / kind)
    assert sorted(why.split(",")[0] for _, why in account.left) == [
        "class centres",
        "the embedding",
        "the embedding",
    ]
    load_weights(again, tmp_path / kind)
    np.testing.assert_array_equal(weight(again, "embedding"), weight(encoder, "embedding"))
    bare = load_weights(network(None), tmp_path / kind)
    assert sum("SE gates" in why for _, why in bare.left) == 4


def test_a_keras_file_without_gates_leaves_gates_at_their_start(tmp_path):
    fill(network(None, None)).save(tmp_path / "a.keras")
    model = network("dase", "non_local")
    account = load_weights(model, tmp_path / "a.keras")
    assert {key.split("/")[0] for key, _ in account.missing} == {
        "layer1_0_dase",
        "layer2_0_non_local",
    }


def test_a_keras_file_of_another_network_is_refused(tmp_path):
    fill(network("dase", width=16)).save(tmp_path / "a.keras")
    with pytest.raises(UserError, match=r"layer0_conv1/0 gives layer0_conv1/kernel \(3, 3, 3, 16"):
        load_weights(network("dase"), tmp_path / "a.keras")
    fill(network("dase", "dase")).save(tmp_path / "b.keras")
    with pytest.raises(UserError, match=r"layer2_0_bn1/0 \(8,\) has no place"):
        load_weights(network("dase"), tmp_path / "b.keras")
