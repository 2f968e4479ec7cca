"""How the learning rate and the margin move during a training."""

import math

import keras
import tensorflow as tf


class WarmupThenDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly over the warm-up, then decays to 0 at the last step.

    Args:
        peak: The highest learning rate.
        steps: Steps in all.
        warmup: Share of the steps that it rises over.
        decay: "cosine", or "linear_after_half": constant to half of the steps, then linear
            to 0, as published.
    """

    def __init__(self, peak, steps, warmup=0.0, decay="cosine"):
        self.peak = peak
        self.steps = steps
        self.warmup = warmup
        self.decay = decay

    def __call__(self, step):
        progress = (tf.cast(step, tf.float32) + 1) / self.steps
        rise = tf.minimum(progress / max(self.warmup, 1 / self.steps), 1.0)
        if self.decay == "cosine":
            share = tf.clip_by_value((progress - self.warmup) / (1 - self.warmup), 0.0, 1.0)
            fall = 0.5 * (1 + tf.cos(math.pi * share))
        else:
            fall = tf.clip_by_value(2 * (1 - progress), 0.0, 1.0)
        return self.peak * rise * fall

    def get_config(self):
        return {
            "peak": self.peak,
            "steps": self.steps,
            "warmup": self.warmup,
            "decay": self.decay,
        }


def linear_margin(margin: float, step: int, anneal_steps: int) -> float:
    """The published schedule: `1 + (m - 1) min(t / T, 1)`.

    Reference:
        Lu et al., ACM Multimedia 2021, section 4: T is half of the steps.
    """
    return 1 + (margin - 1) * min(step / max(anneal_steps, 1), 1)


def annealed_lambda(start: float, end: float, step: int, anneal_steps: int) -> float:
    """SphereFace's curve, `max(end, start / (1 + gamma t))`, that rests at `anneal_steps`.

    The published `gamma` of 0.12 rests after 1,658 steps from 1000 to 5. A training of another
    length keeps the curve with the gamma that rests at its own `anneal_steps`; towards an end
    below 1, which the curve would take too long to reach, it runs to 1 and then steps down.

    Reference:
        Liu et al., SphereFace, CVPR 2017, and the settings of its release.
    """
    if step >= anneal_steps:
        return end
    lowest = max(end, min(start, 1.0))
    gamma = (start / lowest - 1) / anneal_steps if lowest else 0.0
    return start / (1 + gamma * step)


def earned_margin(margin: float, accuracy: float, power: float = 1.0) -> float:
    """A margin that the classification has earned: `1 + (m - 1) a^p`.

    `a` is the running share of training items nearest to their own centre. In a short
    training the linear schedule outruns the network: the margined own distance can only be
    made small by shrinking everything, and features and centres collapse to one point. Tied
    to the accuracy, the margin yields as soon as classes start to mix. The higher `p`, the
    longer it waits for the classes to part before it tightens them: squared distances, whose
    logits grow with the margin's square, want more of it.
    """
    return 1 + (margin - 1) * accuracy**power
