"""Every layer and loss comes back from its config with the attributes it was given."""

import keras
import pytest

from sbir_tf import layers, losses

# Non-default values: comparing configs alone would miss an argument forgotten in both.
ARGUMENTS = {
    "DASE": {"reduction": 3, "squeeze_activation": "sigmoid", "domain": False, "identity": True},
    "ClassCenters": {"classes": 7, "radius": 2.5, "seed": 11},
    "GlobalContext": {"reduction": 3, "smallest": 5},
    "GroupedConv2D": {
        "filters": 6,
        "kernel_size": 5,
        "strides": 2,
        "groups": 3,
        "dilation_rate": 4,
    },
    "NonLocal": {"reduction": 3, "batch_norm_momentum": 0.7, "sync_batch_norm": True},
    "SelectiveKernel": {
        "reduction": 3,
        "smallest": 5,
        "batch_norm_momentum": 0.7,
        "sync_batch_norm": True,
    },
    "StepDropout": {"rate": 0.3, "seed": 7},
    "RandomDirections": {"radius": 4.0, "seed": 5},
    "MEMS": {"margin": 5.5, "name": "other"},
    "EMS": {"margin": 6.5, "name": "other"},
    "ClassAngles": {"classes": 7, "name": "other"},
    "Softmax": {"name": "other"},
    "CenterLoss": {"weight": 0.5, "name": "other"},
    "Contrastive": {"margin": 2.5, "name": "other"},
    "TripletSemiHard": {"margin": 2.5, "name": "other"},
    "TripletHard": {"margin": 2.5, "name": "other"},
    "NPair": {"weight": 0.5, "name": "other"},
    "LSoftmax": {"margin": 3, "lambda_start": 70.0, "lambda_end": 7.0, "name": "other"},
    "SphereFace": {"margin": 2, "lambda_start": 80.0, "lambda_end": 8.0, "name": "other"},
    "CosFace": {"margin": 0.2, "scale": 30.0, "name": "other"},
    "ArcFace": {"margin": 0.3, "scale": 20.0, "name": "other"},
    "Prototypical": {"name": "other"},
}
CLASSES = {
    name: getattr(package, name)
    for package in (layers, losses)
    for name in package.__all__
    if isinstance(getattr(package, name), type)
}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_config_round_trip_keeps_every_argument(name):
    made = CLASSES[name](**ARGUMENTS[name])
    again = CLASSES[name].from_config(made.get_config())
    for argument, value in ARGUMENTS[name].items():
        received = getattr(again, argument)
        assert received == (keras.activations.get(value) if callable(received) else value)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_class_is_registered_under_the_package(name):
    assert keras.saving.get_registered_name(CLASSES[name]) == f"sbir_tf>{name}"
