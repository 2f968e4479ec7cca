import numpy as np
import pytest

from sbir_tf.evaluation import evaluate
from training.baselines.frozen import Frozen, features
from training.config import load_config
from training.evaluate import evaluate_untrained
from training.pictures import held_out


@pytest.mark.slow
def test_frozen_features_score_as_the_untrained_network_of_a_configuration(few_icons):
    config = load_config("icons_quick", ["data.size=32", "network.gate=none"])
    queries, gallery = held_out(config.data, "test")
    encode = Frozen(size=32).fit((), ())
    ours = evaluate(encode(queries), queries.labels, encode(gallery), gallery.labels, ks=(10,))
    assert ours.map_all == pytest.approx(evaluate_untrained(config).map_all, abs=1e-6)
    assert features(gallery).shape == (len(gallery), 1280)
    assert np.isfinite(features(gallery)).all()
