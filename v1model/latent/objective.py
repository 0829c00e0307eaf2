"""Objective: the losses of a batch of rollouts.

    RECON    the decoder's answer at the start, before any step
    EVOLVE   the sum over the observations of the rollout, one per time_units
    TV       mean |z(t + 1) - z(t)| summed over the steps
    CONSISTENCY   the same moments' states, evolved and encoded, are the same
    AUG      neurons without a connection to the chosen ones do not matter to them
    REG      mean |w|

Where neurons are observed in turn, RECON and each term of EVOLVE are means over those
who are observed: of the first step, and of one cycle each.
"""

import tensorflow as tf

from v1model.latent.augmentation import Augmentation
from v1model.latent.likelihoods import Gaussian, likelihood_of
from v1model.latent.missing import filled, hidden, observed
from v1model.latent.model import GAUSSIAN
from v1model.latent.regularization import regularization
from v1model.latent.staggered import PhaseGroups, same_phase
from v1model.latent.stimulus_frequency import encoded_stimulus

_SPREAD = 1e-6  # of states, in their squared size, below which they are the same
_HIDDEN = (1, 0)  # is added to the seed: who is hidden is drawn apart from other noise


class Objective:
    """Losses of a model on a chunk of a recording.

    Args:
        model: LatentModel.
        params: ModelParams.
        phases: (N,), when each neuron is observed in the cycle; None if all are at
            the start.
        connectome: scipy.sparse array (N, N), or None; AUG needs it.

    Raises:
        ValueError: AUG is wanted without a connectome.
    """

    def __init__(self, model, params, phases=None, connectome=None):
        self.model, self.params, self.training = model, params, params.training
        self.likelihood = likelihood_of(params)
        self.is_staggered = self.training.acquisition_mode.mode == "staggered_random"
        self.time_units = self.training.time_units
        if self.is_staggered:
            self.groups = PhaseGroups(phases, self.time_units)
        aug = self.training.unconnected_to_zero
        self.augmentation = None
        if aug.num_neurons and aug.loss_coeff:
            self.augmentation = Augmentation(connectome, aug.num_neurons)

    def joint(self, chunk, starts, multiples, seed):
        """All losses of rollouts from some rows of the chunk.

        Args:
            chunk: activity (C, N), stimulus (C, S), where they exist valid (C, N) and
                filled (C, N), and origin (), the row's number in the cycle.
            starts: (B,) int32, rows; those of all rollouts lie in the chunk.
            multiples: Length of the rollouts in time_units.
            seed: (2,) int32, of noise, and of the neurons that are hidden and chosen.

        Returns:
            Weighted scalars: recon, evolve, tv_loss, consistency, aug_loss, reg. The
            loss is their sum.
        """
        starts = self._starts(starts)
        n_steps = multiples * self.time_units
        start = self._some_hidden(self._start(chunk, starts), seed)
        rows = starts + tf.range(n_steps + 1)[:, None]  # (T + 1, B)
        encoded = encoded_stimulus(self.model, tf.gather(chunk["stimulus"], rows))
        z = self.model.encode(start, training=True)
        states = self.model.evolve(z, encoded, self._noise(z, n_steps, seed))
        path = tf.concat([z[None], states], 0)  # (T + 1, B, L)
        losses = self._staggered if self.is_staggered else self._aligned
        recon, evolve = losses(chunk, starts, path, multiples)
        return {
            "recon": self.training.recon_loss_wt * recon,
            "evolve": evolve,
            "tv_loss": self._total_variation(path),
            "consistency": self._inconsistency(chunk, starts, path, multiples),
            "aug_loss": self._augmented(start, z, encoded[:1], seed),
            "reg": regularization(self.model),
        }

    def reconstruction(self, chunk, starts, seed):
        """RECON and REG alone, as weighted scalars recon and reg; see `joint`."""
        starts = self._starts(starts)
        start = self._some_hidden(self._start(chunk, starts), seed)
        z = self.model.encode(start, training=True)
        if self.is_staggered:
            recon = self._observed_loss(chunk, starts, z[None, None], 1)
        else:
            recon = self._decoded_loss(chunk, starts, z)
        return {
            "recon": self.training.recon_loss_wt * recon,
            "reg": regularization(self.model),
        }

    def _starts(self, starts):
        return same_phase(starts, self.time_units) if self.is_staggered else starts

    def _start(self, chunk, rows):
        """What the encoder is given in some rows, (..., N)."""
        if self.is_staggered:
            return tf.gather(chunk["filled"], rows)
        return observed(chunk, rows, self.model.mean).activity

    def _some_hidden(self, start, seed):
        """What the encoder is given in training, (B, N)."""
        share = self.training.neuron_dropout
        if not share:
            return start
        return hidden(start, self.model.mean, share, seed + _HIDDEN)

    def _noise(self, z, n_steps, seed):
        if not self.training.latent_noise:
            return None
        shape = (n_steps, *tf.unstack(tf.shape(z)))
        spread = tf.stop_gradient(tf.math.reduce_std(z, 0))
        noise = tf.random.stateless_normal(shape, seed)
        return self.training.latent_noise * spread * noise

    def _aligned(self, chunk, starts, path, multiples):
        states = path[:: self.time_units]  # (M + 1, B, L)
        rows = starts + self.time_units * tf.range(multiples + 1)[:, None]
        losses = [
            self._decoded_loss(chunk, rows[m], states[m]) for m in range(multiples + 1)
        ]
        return losses[0], tf.add_n(losses[1:])

    def _decoded_loss(self, chunk, rows, z):
        """Mean loss of the activity of some rows (B,) decoded from z (B, L)."""
        model = self.model
        raw = model.decode_raw(z, training=True)
        target = observed(chunk, rows, model.mean)
        return self._loss(raw, *target, model.mean, model.scale)

    def _staggered(self, chunk, starts, path, multiples):
        shape = (multiples, self.time_units, *tf.unstack(tf.shape(path)[1:]))
        cycles = tf.reshape(path[:-1], shape)
        first = self._observed_loss(chunk, starts, path[0][None, None], 1)
        return first, self._observed_loss(chunk, starts, cycles, multiples) * multiples

    def _observed_loss(self, chunk, starts, cycles, multiples):
        """Mean loss over those who are observed; cycles (M, time_units, B, L)."""
        first = (chunk["origin"] + starts[0]) % self.time_units
        members, is_member = self.groups.in_turn(first)
        n = cycles.shape[1]  # 1 for the first step alone
        members, is_member = members[:n], is_member[:n]
        raw = self.groups.decoded(self.model.decoder, cycles, members)
        step = tf.range(n)[:, None] + self.time_units * tf.range(multiples)
        rows = step[..., None] + starts  # (tu, M, B)
        place = tf.broadcast_to(rows[..., None], tf.shape(raw))
        who = tf.broadcast_to(members[:, None, None], tf.shape(raw))
        pairs = tf.stack([place, who], -1)
        valid = tf.broadcast_to(is_member[:, None, None], tf.shape(raw))
        if "valid" in chunk:
            valid &= tf.gather_nd(chunk["valid"], pairs)
        mean, scale = (
            tf.gather(array, members)[:, None, None]
            for array in (self.model.mean, self.model.scale)
        )
        target = tf.gather_nd(chunk["activity"], pairs)
        return self._loss(raw, target, valid, mean, scale)

    def _loss(self, raw, target, valid, mean, scale):
        if self.params.likelihood == GAUSSIAN:
            target = (target - mean) / scale
        return self.likelihood.loss(raw, target, valid)

    def _total_variation(self, path):
        weight = self.params.evolver_params.tv_reg_loss
        if not weight:
            return tf.constant(0.0)
        change = tf.reduce_mean(tf.abs(path[1:] - path[:-1]), (1, 2))
        return weight * tf.reduce_sum(change)

    def _inconsistency(self, chunk, starts, path, multiples):
        """Squared distance of evolved states from encoded ones, one per observation."""
        weight = self.training.encoder_consistency_loss
        if not weight:
            return tf.constant(0.0)
        rows = starts + self.time_units * tf.range(1, multiples + 1)[:, None]
        # The encoder stays as it is: that it follows would be an easy way out.
        encoded = tf.stop_gradient(self.model.encode(self._start(chunk, rows)))
        spread = tf.reduce_mean(tf.math.reduce_variance(encoded, (0, 1)))
        # Of a single state, or in silence, there is nothing to measure a distance in.
        varies = spread > _SPREAD * tf.reduce_mean(tf.square(encoded))
        unit = tf.where(varies, spread, 0.0)
        error = path[self.time_units :: self.time_units] - encoded
        distance = tf.reduce_mean(tf.square(error))
        return weight * tf.math.divide_no_nan(distance, unit)

    def _augmented(self, start, z, encoded, seed):
        """AUG of the first step; `encoded` is its stimulus, (1, B, E)."""
        if self.augmentation is None:
            return tf.constant(0.0)
        model = self.model
        chosen, is_kept = self.augmentation.chosen(seed)
        z_kept = model.encode(filled(start, is_kept, model.mean), training=True)
        answers = []
        for state in (z_kept, z):
            raw = model.decode_raw(model.evolve(state, encoded)[0], training=True)
            answers.append(tf.gather(raw, chosen, axis=1))
        # Both are the decoder's numbers, whatever they say of activity.
        loss = Gaussian(self.training.loss_function).loss(*answers)
        return self.training.unconnected_to_zero.loss_coeff * loss
