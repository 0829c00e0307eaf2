"""The losses of a batch, each against its definition in NumPy."""

import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf

from tests.latent.models import N_NEURONS, drawn, small_model, small_params
from v1model.latent.augmentation import Augmentation
from v1model.latent.config import ModelParams
from v1model.latent.objective import Objective

TU, MULTIPLES, ROWS = 4, 3, 60
STARTS = np.array([8, 0, 20, 32], np.int32)
SEED = tf.constant([3, 4])


def chunk_of(activity, stimulus, **more):
    more = {"origin": np.int32(0)} | more
    arrays = {"activity": activity, "stimulus": stimulus} | more
    return {name: tf.constant(array) for name, array in arrays.items()}


def rollout_states(model, start, stimulus, rows):
    """Latent states (T + 1, B, L) of rollouts, by the definition."""
    z = model.encode(start)
    states = [z]
    for frames in stimulus[rows]:
        inputs = tf.concat([z, model.encode_stimulus(frames)], -1)
        z = z + model.evolver.increment(inputs)
        states.append(z)
    return tf.stack(states)


def squares(model, z, target):
    """Squared errors in normalized units, (..., N)."""
    error = (model.decode(z).numpy() - target) / model.scale.numpy()
    return np.square(error)


def objective_of(model, phases=None, connectome=None):
    return Objective(model, model.params, phases, connectome)


def test_aligned_losses_are_those_of_observed_steps():
    model = small_model(small_params(acquisition_mode={"mode": "time_aligned"}))
    activity, stimulus = drawn(ROWS)
    losses = objective_of(model).joint(
        chunk_of(activity, stimulus), STARTS, MULTIPLES, SEED
    )
    rows = STARTS + np.arange(TU * MULTIPLES)[:, None]
    states = rollout_states(model, activity[STARTS], stimulus, rows)
    recon = squares(model, states[0], activity[STARTS]).mean()
    evolve = sum(
        squares(model, states[m * TU], activity[STARTS + m * TU]).mean()
        for m in range(1, MULTIPLES + 1)
    )
    assert float(losses["recon"]) == pytest.approx(recon, rel=1e-4)
    assert float(losses["evolve"]) == pytest.approx(evolve, rel=1e-4)
    assert float(losses["tv_loss"]) == float(losses["aug_loss"]) == 0


@pytest.mark.parametrize("origin", [0, 3])
def test_staggered_losses_are_those_of_who_is_observed_in_each_step(origin):
    """Against decoding everybody in every step and looking at a mask."""
    model = small_model(small_params(acquisition_mode={"mode": "staggered_random"}))
    activity, stimulus = drawn(ROWS)
    filled = drawn(ROWS, seed=9)[0]
    phases = np.random.default_rng(2).integers(0, TU, N_NEURONS)
    starts = np.array([9, 1, 21, 33], np.int32)  # of one phase of the cycle
    objective = objective_of(model, phases)
    chunk = chunk_of(activity, stimulus, filled=filled, origin=np.int32(origin))
    losses = objective.joint(chunk, starts, MULTIPLES, SEED)
    rows = starts + np.arange(TU * MULTIPLES)[:, None]
    states = rollout_states(model, filled[starts], stimulus, rows)[:-1]
    error = squares(model, states, activity[rows])  # (T, B, N)
    seen = (origin + rows[..., None] - phases) % TU == 0
    first = error[0][seen[0]].mean()
    assert float(losses["recon"]) == pytest.approx(first, rel=1e-4)
    assert float(losses["evolve"]) == pytest.approx(
        MULTIPLES * error[seen].mean(), rel=1e-4
    )
    alone = objective.reconstruction(chunk, starts, SEED)["recon"]
    assert float(alone) == pytest.approx(first, rel=1e-4)


def test_staggered_starts_are_brought_to_one_phase_inside_the_chunk():
    model = small_model(small_params(acquisition_mode={"mode": "staggered_random"}))
    activity, stimulus = drawn(ROWS)
    objective = objective_of(model, np.arange(N_NEURONS) % TU)
    chunk = chunk_of(activity, stimulus, filled=activity)
    starts, brought = np.array([5, 0, 30, 47]), np.array([5, 1, 29, 45])
    values = [
        objective.joint(chunk, tf.constant(s, tf.int32), MULTIPLES, SEED)["evolve"]
        for s in (starts, brought)
    ]
    assert float(values[0]) == float(values[1])


@pytest.mark.parametrize("mode", ["time_aligned", "staggered_random"])
def test_what_is_not_valid_changes_nothing(mode):
    model = small_model(small_params(acquisition_mode={"mode": mode}))
    activity, stimulus = drawn(ROWS)
    valid = np.random.default_rng(0).random(activity.shape) > 0.3
    phases = np.arange(N_NEURONS) % TU if mode == "staggered_random" else None
    objective = objective_of(model, phases)
    results = []
    for wrong in (0.0, 1e6):
        shown = np.where(valid, activity, np.float32(wrong))
        chunk = chunk_of(shown, stimulus, valid=valid, filled=activity)
        with tf.GradientTape() as tape:
            losses = objective.joint(chunk, STARTS, MULTIPLES, SEED)
            value = tf.add_n(list(losses.values()))
        gradients = tape.gradient(value, model.trainable_variables)
        results.append([tf.convert_to_tensor(x) for x in (value, *gradients)])
    for first, second in zip(*results, strict=True):
        assert np.array_equal(first, second)


def test_total_variation_is_the_mean_step_summed_over_the_rollout():
    params = small_params(acquisition_mode={"mode": "time_aligned"}).model_dump()
    params["evolver_params"]["tv_reg_loss"] = 0.5
    model = small_model(ModelParams.model_validate(params))
    activity, stimulus = drawn(ROWS)
    losses = objective_of(model).joint(
        chunk_of(activity, stimulus), STARTS, MULTIPLES, SEED
    )
    rows = STARTS + np.arange(TU * MULTIPLES)[:, None]
    states = rollout_states(model, activity[STARTS], stimulus, rows).numpy()
    expected = 0.5 * np.abs(np.diff(states, axis=0)).mean((1, 2)).sum()
    assert float(losses["tv_loss"]) == pytest.approx(expected, rel=1e-4)


def test_consistency_compares_evolved_and_encoded_states_and_leaves_the_encoder():
    options = {"encoder_consistency_loss": 2.0}
    model = small_model(small_params(acquisition_mode="time_aligned", **options))
    activity, stimulus = drawn(ROWS)
    with tf.GradientTape() as tape:
        losses = objective_of(model).joint(
            chunk_of(activity, stimulus), STARTS, MULTIPLES, SEED
        )
        value = losses["consistency"]
    rows = STARTS + np.arange(TU * MULTIPLES)[:, None]
    states = rollout_states(model, activity[STARTS], stimulus, rows).numpy()
    observed = STARTS + TU * np.arange(1, MULTIPLES + 1)[:, None]
    encoded = model.encode(activity[observed]).numpy()
    error = np.square(states[TU::TU] - encoded).mean()
    assert float(value) == pytest.approx(
        2 * error / encoded.var((0, 1)).mean(), rel=1e-4
    )
    decoder = tape.gradient(value, model.decoder.trainable_variables[0])
    assert decoder is None


def test_regularization_is_the_mean_size_of_each_tensor():
    params = small_params().model_dump()
    params["encoder_params"]["l1_reg_loss"] = 0.1
    params["evolver_params"]["l1_reg_loss"] = 0.3
    model = small_model(ModelParams.model_validate(params))
    activity, stimulus = drawn(ROWS)
    losses = objective_of(model).joint(
        chunk_of(activity, stimulus), STARTS, MULTIPLES, SEED
    )
    expected = 0.1 * sum(np.abs(w).mean() for w in model.encoder.trainable_weights)
    expected += 0.3 * sum(np.abs(w).mean() for w in model.evolver.trainable_weights)
    assert float(losses["reg"]) == pytest.approx(expected, rel=1e-5)


def connectome():
    """Neuron n hears n - 1 and n - 2, and the first two nobody."""
    post, pre = np.repeat(np.arange(2, N_NEURONS), 2), []
    for n in range(2, N_NEURONS):
        pre += [n - 1, n - 2]
    shape = (N_NEURONS, N_NEURONS)
    return scipy.sparse.csr_array((np.ones(len(pre)), (post, pre)), shape=shape)


def test_augmentation_keeps_the_chosen_neurons_and_their_sources():
    augmentation = Augmentation(connectome(), 3)
    for seed in range(20):
        chosen, kept = augmentation.chosen((seed, 1))
        expected = {m for n in chosen.numpy() for m in (n, n - 1, n - 2) if n >= 2}
        expected |= {n for n in chosen.numpy() if n < 2}
        assert set(np.flatnonzero(kept)) == expected


def test_aug_compares_the_answers_for_the_chosen_neurons():
    unconnected = {"num_neurons": 4, "loss_coeff": 0.7}
    params = small_params(
        unconnected_to_zero=unconnected, acquisition_mode="time_aligned"
    )
    model = small_model(params)
    objective = objective_of(model, connectome=connectome())
    activity, stimulus = drawn(ROWS)
    losses = objective.joint(chunk_of(activity, stimulus), STARTS, MULTIPLES, SEED)
    chosen, kept = objective.augmentation.chosen(SEED)
    whole, part = (
        model(x, stimulus[STARTS]).numpy()[:, chosen]
        for x in (activity[STARTS], np.where(kept, activity[STARTS], model.mean))
    )
    scale = model.scale.numpy()[chosen.numpy()]
    expected = 0.7 * np.square((whole - part) / scale).mean()
    assert float(losses["aug_loss"]) == pytest.approx(expected, rel=1e-4)


def test_aug_without_connections_is_refused():
    params = small_params(unconnected_to_zero={"num_neurons": 4})
    with pytest.raises(ValueError, match="unconnected_to_zero.num_neurons"):
        objective_of(small_model(params))


def test_noise_comes_from_the_seed_and_changes_the_rollout():
    model = small_model(small_params(acquisition_mode="time_aligned", latent_noise=0.5))
    activity, stimulus = drawn(ROWS)
    objective, chunk = objective_of(model), chunk_of(activity, stimulus)
    first, again, other = (
        float(objective.joint(chunk, STARTS, MULTIPLES, tf.constant(seed))["evolve"])
        for seed in ((1, 2), (1, 2), (1, 3))
    )
    assert first == again != other


@pytest.mark.parametrize("likelihood", ["poisson", "bernoulli"])
def test_aug_of_spikes_is_a_distance(likelihood):
    unconnected = {"num_neurons": 4, "loss_coeff": 1.0}
    params = small_params(
        unconnected_to_zero=unconnected, acquisition_mode="time_aligned"
    ).model_copy(update={"likelihood": likelihood})
    model = small_model(params)
    chunk = chunk_of(*drawn(ROWS))
    sources = {"some": connectome(), "all": scipy.sparse.csr_array(np.ones((11, 11)))}
    found = {
        name: float(
            objective_of(model, connectome=weights).joint(
                chunk, STARTS, MULTIPLES, SEED
            )["aug_loss"]
        )
        for name, weights in sources.items()
    }
    assert found["some"] > found["all"] == 0


@pytest.mark.parametrize("mode", ["time_aligned", "staggered_random"])
def test_hidden_neurons_are_at_their_mean_to_the_encoder_alone(mode):
    phases = np.arange(N_NEURONS) % TU if mode == "staggered_random" else None
    activity, stimulus = drawn(ROWS)
    chunk = chunk_of(activity, stimulus, filled=activity)
    found = {}
    for share in (0.0, 0.4):
        model = small_model(small_params(acquisition_mode=mode, neuron_dropout=share))
        objective = objective_of(model, phases)
        given = []
        encode = model.encode

        def noted(x, training=False, given=given, encode=encode):
            given.append(np.array(x))
            return encode(x, training)

        model.encode = noted
        found[share] = objective.joint(chunk, STARTS, MULTIPLES, SEED)
        assert len(given) == 1
        is_hidden = given[0] != activity[STARTS]
        assert is_hidden.mean() == pytest.approx(share, abs=0.2)
        mean = np.broadcast_to(model.mean, is_hidden.shape)
        np.testing.assert_array_equal(given[0][is_hidden], mean[is_hidden])
        recon = objective.reconstruction(chunk, STARTS, SEED)["recon"]
        assert float(recon) == float(found[share]["recon"])
    assert float(found[0.0]["evolve"]) != float(found[0.4]["evolve"])


def test_an_interpolated_stimulus_goes_on_to_the_frame_after_the_rollout():
    params = small_params(
        acquisition_mode="time_aligned", stimulus_frequency="TIME_UNITS_INTERPOLATE"
    )
    objective = objective_of(small_model(params))
    activity, stimulus = drawn(ROWS)
    after = STARTS[0] + TU * MULTIPLES
    found = []
    for row in (None, after, after - 1):
        changed = stimulus.copy()
        if row is not None:
            changed[row] += 2
        chunk = chunk_of(activity, changed)
        losses = objective.joint(chunk, STARTS[:1], MULTIPLES, SEED)
        found.append(float(losses["evolve"]))
    plain, with_other_after, with_other_between = found
    assert plain != with_other_after
    assert plain == with_other_between


def test_without_a_spread_of_states_there_is_no_inconsistency():
    """Of a single state, and in silence, in which all states are the same."""
    options = {"encoder_consistency_loss": 2.0}
    model = small_model(small_params(acquisition_mode="time_aligned", **options))
    activity, stimulus = drawn(ROWS)
    silent = np.full_like(activity, 0.3)
    for shown, starts, n in ((activity, STARTS[:1], 1), (silent, STARTS, MULTIPLES)):
        losses = objective_of(model).joint(chunk_of(shown, stimulus), starts, n, SEED)
        assert float(losses["consistency"]) == 0
