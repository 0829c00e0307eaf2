"""The best possible decoder, beside enumeration, closed forms and itself."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from v1model.presentations.bayes import bayes_accuracy, bayes_log_posterior
from v1model.presentations.splits import stratified_split
from v1model.presentations.synthetic import draw_session


def tiny(**options):
    return draw_session(
        **{"n_classes": 3, "repeats": 6, "n_units": 4, "n_bins": 2, **options}
    )


def likelihood_by_integration(session, p, c):
    """p(spikes of presentation p | class c), by adaptive quadrature over the gain."""
    counts, bin_s = session.binned.counts[p], session.binned.bin_s[p]

    def at(z, rates):
        gain = np.exp(session.loading * z - session.loading**2 / 2)
        mean = rates * session.drift[p] * gain * bin_s
        return stats.poisson.pmf(counts, mean).prod() * stats.norm.pdf(z)

    seen, blank = (
        integrate.quad(at, -9, 9, args=(session.rates[k],), epsabs=0, points=[0])[0]
        for k in (c, 0)
    )
    return (1 - session.missed) * seen + session.missed * blank


@pytest.mark.parametrize("options", [{}, {"missed": 0}, {"noise": 0.8, "n_units": 9}])
def test_the_posterior_is_that_of_adaptive_quadrature(options):
    session = tiny(**options)
    log_posterior = bayes_log_posterior(session)
    for p in range(0, 18, 3):
        exact = [likelihood_by_integration(session, p, c) for c in range(3)]
        np.testing.assert_allclose(
            np.exp(log_posterior[p]), exact / np.sum(exact), rtol=1e-6
        )


def test_more_nodes_change_nothing():
    session = draw_session(20, 10, 300, 3, strength=0.3)
    few, many = (bayes_log_posterior(session, n_nodes=n) for n in (32, 120))
    np.testing.assert_allclose(np.exp(few), np.exp(many), atol=1e-8)


def test_the_accuracy_is_that_of_enumerating_all_spikes():
    """Two classes, one unit, one bin: every possible count is its own answer."""
    session = draw_session(2, 20_000, 1, 1, noise=0, drift=0, missed=0, seed=1)
    rates = np.array([[[8.0]], [[24.0]]])
    rng = np.random.default_rng(0)
    counts = rng.poisson(rates[session.binned.targets] * 0.25).astype(np.uint8)
    binned = dataclasses.replace(session.binned, counts=counts)
    session = dataclasses.replace(session, binned=binned, rates=rates)
    n = np.arange(60)
    exact = (
        np.max([stats.poisson.pmf(n, mean) for mean in (2.0, 6.0)], axis=0).sum() / 2
    )
    assert bayes_accuracy(session) == pytest.approx(exact, abs=0.007)


def test_with_strong_answers_only_missed_images_are_lost():
    """A missed image looks like the blank, which is then the best answer."""
    session = draw_session(20, 200, 60, 2, strength=40, missed=0.3, noise=0.1, seed=2)
    expected = (1 + 19 * 0.7) / 20
    assert bayes_accuracy(session) == pytest.approx(expected, abs=0.03)
    exact = np.where(session.is_missed, session.binned.targets == 0, True)
    assert bayes_accuracy(session) == pytest.approx(exact.mean(), abs=0.005)


def test_the_posterior_is_calibrated():
    session = draw_session(15, 300, 12, 2, strength=0.8, seed=3)
    log_posterior = bayes_log_posterior(session)
    best = np.exp(log_posterior.max(axis=1))
    is_right = log_posterior.argmax(axis=1) == session.binned.targets
    for low, high in itertools.pairwise((0, 0.3, 0.5, 0.7, 1.01)):
        chosen = (best >= low) & (best < high)
        error = np.sqrt(0.25 / chosen.sum())
        assert abs(is_right[chosen].mean() - best[chosen].mean()) < 3.5 * error


def test_without_answers_to_images_it_is_at_chance():
    session = draw_session(10, 200, 20, 1, strength=0)
    np.testing.assert_allclose(np.exp(bayes_log_posterior(session)), 0.1, rtol=1e-9)
    assert bayes_accuracy(session) == pytest.approx(0.1)
    assert bayes_accuracy(session, top=5) == pytest.approx(0.5)


def test_a_naive_decoder_fitted_on_many_repeats_approaches_it():
    session = draw_session(8, 2500, 25, 2, strength=1, noise=0, drift=0, missed=0)
    binned = session.binned
    split = stratified_split(binned, 0)
    training = binned.take(split.train)
    flat = training.counts.reshape(len(training.labels), -1).astype(float)
    means = np.stack([flat[training.targets == k].mean(axis=0) for k in range(8)])
    test = binned.take(split.test)
    counts = test.counts.reshape(len(test.labels), -1)
    answers = (counts @ np.log(means + 1e-6).T - means.sum(axis=1)).argmax(axis=1)
    best = bayes_accuracy(session, split.test)
    assert 0.4 < best < 0.99
    assert np.mean(answers == test.targets) == pytest.approx(best, abs=0.01)


def test_units_that_are_not_valid_say_nothing():
    session = tiny(n_units=6)
    valid = np.ones_like(session.binned.valid)
    valid[:, 4:] = False
    counts = session.binned.counts * valid[:, None]
    masked = dataclasses.replace(
        session,
        binned=dataclasses.replace(session.binned, counts=counts, valid=valid),
    )
    fewer = dataclasses.replace(
        session,
        binned=session.binned.take_units(slice(4)),
        rates=session.rates[..., :4],
        drift=session.drift[:, :4],
        loading=session.loading[:4],
    )
    np.testing.assert_allclose(
        bayes_log_posterior(masked), bayes_log_posterior(fewer), atol=1e-9
    )


def test_some_presentations_have_the_posterior_that_they_have_among_all():
    session = tiny(repeats=300)
    some = np.array([700, 3, 512])
    np.testing.assert_allclose(
        bayes_log_posterior(session, some), bayes_log_posterior(session)[some]
    )
    assert bayes_log_posterior(session, []).shape == (0, 3)


def test_among_all_answers_is_the_right_one():
    session = tiny()
    shares = [bayes_accuracy(session, top=top) for top in (1, 2, 3)]
    assert shares == sorted(shares) and shares[-1] == 1
    with pytest.raises(ValueError, match=r"top must lie in 1\.\.3, got 4"):
        bayes_accuracy(session, top=4)
    with pytest.raises(ValueError, match="at least one presentation"):
        bayes_accuracy(session, [])


@pytest.mark.slow
def test_the_default_session_is_read_almost_but_not_always():
    assert 0.93 < bayes_accuracy(draw_session()) < 0.97
