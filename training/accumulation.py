"""One optimizer step of several batches."""

import inspect

import keras
import tensorflow as tf

# Keras 3 accumulates by itself, and its schedules go by batches.
BUILT_IN = "gradient_accumulation_steps"
HAS_BUILT_IN = BUILT_IN in inspect.signature(keras.optimizers.Adam).parameters


class Accumulating:
    """To be mixed into a Keras optimizer, before it: steps after every `accumulate` batches.

    A step sees the mean of its batches' gradients. Clipping, decay, moving averages, the learning
    rate's schedule and `iterations` go by steps, as with one large batch; between steps nothing
    moves. What was gathered so far belongs to the optimizer's variables, so that a training that
    stops between two steps continues exactly. A batch that a scaled loss skips, for its gradients
    overflow, does not count: the step waits for another. Keras 3's own accumulation is used where
    there is one.

    Args:
        accumulate: Batches a step, at least 1.
    """

    def __init__(self, *args, accumulate=1, **kwargs):
        if HAS_BUILT_IN:
            kwargs[BUILT_IN] = accumulate if accumulate > 1 else None
        super().__init__(*args, **kwargs)
        self.accumulate = accumulate
        self.gathers = accumulate > 1 and not HAS_BUILT_IN
        self.gathered = []

    def build(self, var_list):
        super().build(var_list)
        if self.gathers and not self.gathered:
            self.batches = self.add_variable((), dtype=tf.int64, name="batches")
            self.gathered = [self.add_variable_from_reference(v, "gathered") for v in var_list]

    def apply_gradients(self, grads_and_vars, *args, **kwargs):
        if not self.gathers:
            return super().apply_gradients(grads_and_vars, *args, **kwargs)
        if not kwargs.get("skip_gradients_aggregation"):
            grads_and_vars = self.aggregate_gradients(grads_and_vars)
        gradients, variables = zip(*grads_and_vars, strict=True)
        with tf.init_scope():
            self.build(variables)

        def step(gradients):
            pairs = zip(gradients, variables, strict=True)
            super(Accumulating, self).apply_gradients(pairs, skip_gradients_aggregation=True)

        # A condition whose branch merges replicas must itself be outside of them.
        return tf.distribute.get_replica_context().merge_call(
            lambda strategy, *gradients: self._gather(strategy, gradients, step), args=gradients
        )

    def _gather(self, strategy, gradients, step):
        """Outside of the replicas: add the gradients up, and step if they are enough."""
        for total, gradient in zip(self.gathered, gradients, strict=True):
            strategy.extended.update(total, lambda t, g: t.assign_add(g), args=(gradient,))
        self.batches.assign_add(1)

        def take_step():
            # Keras counts what a scaled loss skips as a step.
            self.iterations.assign(self.batches // self.accumulate - 1)
            strategy.extended.call_for_each_replica(
                lambda: step([total / self.accumulate for total in self.gathered])
            )
            for total in self.gathered:
                strategy.extended.update(total, lambda t: t.assign(tf.zeros_like(t)))
            return tf.identity(self.iterations)

        enough = tf.equal(self.batches % self.accumulate, 0)
        return tf.cond(enough, take_step, lambda: tf.identity(self.iterations))

    def get_config(self):
        return super().get_config() | {"accumulate": self.accumulate}
