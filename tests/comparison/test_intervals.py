"""Intervals: what a loop over draws gives, and as often right as they say."""

import numpy as np
import pytest
from scipy import stats

from v1model.comparison import intervals
from v1model.comparison.intervals import drawn_means, holm, interval, p_values
from v1model.comparison.seeds import SeedChance, seed_chances, wild_variants

NO_SEEDS = SeedChance()


def scores_of(rng, n_variants, n_seeds, groups, seed_sd, unit_sd, noise_sd, wild=1.0):
    """Seeds and scores by variant; all true differences are zero."""
    n_units = len(groups)
    base = rng.standard_normal(n_units)
    found = {}
    for k in range(n_variants):
        size = wild if k == n_variants - 1 else 1.0
        units = base + unit_sd * rng.standard_normal(n_units)
        runs = size * seed_sd * rng.standard_normal((n_seeds, 1))
        noise = noise_sd * rng.standard_normal((n_seeds, n_units))
        found[str(k)] = tuple(range(n_seeds)), units + runs + noise
    return found


def draws_of(scores, groups, rng, n_resamples=1000):
    means = {name: values.mean(axis=0) for name, (_, values) in scores.items()}
    others = [name for name in scores if name != "0"]
    by_unit = np.stack([means[name] - means["0"] for name in others], axis=1)
    chances = seed_chances(scores, "0", groups)
    return drawn_means(by_unit, [chances[n] for n in others], groups, rng, n_resamples)


def test_draws_of_units_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1], [7, 12])
    values = rng.standard_normal((19, 1)) + groups[:, None]
    draws = drawn_means(values, [NO_SEEDS], groups, rng, 40_000).same_groups[0]
    looped = np.zeros(4000)
    for k in range(len(looped)):
        total = 0.0
        for group in (0, 1):
            own = values[groups == group, 0]
            others = [own[rng.integers(len(own))] for _ in range(len(own) - 1)]
            total += len(own) * sum(others) / (len(own) - 1)
        looped[k] = total / 19
    assert stats.ks_2samp(draws, looped).pvalue > 0.01
    exact = sum(
        (n / 19) ** 2 * values[groups == g].var(ddof=1) / n
        for g, n in ((0, 7), (1, 12))
    )
    assert draws.var() == pytest.approx(exact, rel=0.03)


def test_many_units_give_what_drawing_them_gives(monkeypatch):
    rng = np.random.default_rng(9)
    values = rng.exponential(1.0, (3000, 1))
    ends = []
    for most in (1000, 4000):
        monkeypatch.setattr(intervals, "MOST_DRAWN", most)
        draws = drawn_means(values, [NO_SEEDS], np.zeros(3000, int), rng, 4000)
        ends.append(interval(draws.same_groups) - values.mean())
    np.testing.assert_allclose(*ends, rtol=0.07)


def test_of_one_unit_per_group_nothing_can_be_drawn():
    draws = drawn_means(
        np.array([[1.0], [3.0]]), [NO_SEEDS], [0, 1], np.random.default_rng(0), 50
    )
    assert (draws.same_groups == 2.0).all()


def test_seeds_alone_give_the_interval_of_a_paired_t_test():
    rng = np.random.default_rng(1)
    first, second = rng.standard_normal((2, 4, 1)) * np.ones((2, 4, 30))
    scores = {"0": (tuple("abcd"), first), "1": (tuple("abcd"), second)}
    groups = np.zeros(30, int)
    low, high = interval(draws_of(scores, groups, rng, 200_000).same_groups)
    test = stats.ttest_rel(second[:, 0], first[:, 0])
    expected = test.confidence_interval(0.95)
    np.testing.assert_allclose([low[0], high[0]], expected, rtol=0.03)


def test_other_seeds_give_the_interval_of_an_unpaired_t_test():
    rng = np.random.default_rng(2)
    first = rng.standard_normal((4, 1)) * np.ones((4, 30))
    second = rng.standard_normal((3, 1)) * np.ones((3, 30))
    scores = {"0": (tuple("abcd"), first), "1": (tuple("efg"), second)}
    low, high = interval(draws_of(scores, np.zeros(30, int), rng, 200_000).same_groups)
    expected = stats.ttest_ind(second[:, 0], first[:, 0]).confidence_interval(0.95)
    np.testing.assert_allclose([low[0], high[0]], expected, rtol=0.03)


def test_pooled_seeds_give_the_variance_of_a_two_way_analysis():
    rng = np.random.default_rng(3)
    means = rng.standard_normal((5, 3))
    scores = {
        str(k): ((1, 2, 3), own[:, None] * np.ones(8)) for k, own in enumerate(means)
    }
    chance = seed_chances(scores, "0", np.zeros(8, int))["2"]
    rest = 0.0
    for v in range(5):
        for s in range(3):
            fit = means[v].mean() + means[:, s].mean() - means.mean()
            rest += (means[v, s] - fit) ** 2
    assert chance.degrees == 8 and chance.is_pooled
    assert chance.variance == pytest.approx(rest / 8 * 2 / 3)
    assert chance.noise == pytest.approx(0, abs=1e-12)


def test_groups_alone_give_the_interval_of_a_t_test_over_them():
    rng = np.random.default_rng(4)
    of_groups = rng.standard_normal(5)
    groups = np.repeat(np.arange(5), 6)
    draws = drawn_means(of_groups[groups, None], [NO_SEEDS], groups, rng, 200_000)
    expected = stats.ttest_1samp(of_groups, 0).confidence_interval(0.95)
    low, high = interval(draws.new_groups)
    np.testing.assert_allclose([low[0], high[0]], expected, rtol=0.03)
    assert np.ptp(draws.same_groups) < 1e-12


def test_one_group_says_nothing_of_new_ones():
    draws = drawn_means(
        np.ones((3, 1)), [NO_SEEDS], [0, 0, 0], np.random.default_rng(0)
    )
    assert draws.new_groups is None


COVERAGE = {
    # variants, seeds, units, sd of seeds, units and noise: lowest and highest coverage
    "two variants": ((2, 3, 100, 0.1, 0.5, 0.0), (0.94, 1.0)),
    "noise of units alone": ((2, 3, 100, 0.0, 0.0, 1.0), (0.94, 1.0)),
    "six variants": ((6, 3, 100, 0.1, 0.5, 0.5), (0.92, 0.97)),
    "seeds dominate": ((6, 3, 100, 0.5, 0.5, 0.5), (0.92, 0.97)),
    "two seeds": ((6, 2, 400, 0.1, 0.3, 0.3), (0.92, 0.97)),
    "no seed matters": ((6, 3, 200, 0.0, 0.5, 0.5), (0.92, 0.98)),
    "one seed": ((3, 1, 100, 0.0, 0.5, 0.0), (0.92, 0.97)),
}


@pytest.mark.parametrize("case", COVERAGE)
def test_intervals_hold_the_truth_as_often_as_they_say(case):
    (n_variants, n_seeds, n_units, *sizes), (least, most) = COVERAGE[case]
    rng = np.random.default_rng(5)
    groups = np.repeat([0, 1], n_units // 2)
    hits, errors = [], []
    for _ in range(300):
        scores = scores_of(rng, n_variants, n_seeds, groups, *sizes)
        draws = draws_of(scores, groups, rng, 600).same_groups
        low, high = interval(draws)
        hits.append((low <= 0) & (high >= 0))
        errors.append((holm(p_values(draws)) < 0.05).any())
    assert least <= np.mean(hits) <= most
    assert np.mean(errors) < 0.085  # any verdict is wrong in 5 %, for all together


def test_a_plain_bootstrap_of_three_seeds_is_too_sure():
    """Why seeds are not drawn again."""
    rng = np.random.default_rng(6)
    hits = []
    for _ in range(300):
        own = rng.standard_normal(3)
        means = own[rng.integers(0, 3, (1000, 3))].mean(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        hits.append(low <= 0 <= high)
    assert np.mean(hits) < 0.85


def test_a_wild_variant_leaves_the_pool_and_the_others_narrow():
    rng = np.random.default_rng(7)
    groups = np.zeros(50, int)
    scores = scores_of(rng, 6, 4, groups, 0.1, 0.1, 0.0, wild=30.0)
    assert wild_variants(scores) == {"5"}
    chances = seed_chances(scores, "0", groups)
    assert chances["1"].is_pooled and not chances["5"].is_pooled
    assert chances["5"].variance > 30 * chances["1"].variance


def test_a_variant_that_hardly_differs_is_compared_by_its_own_pairs():
    rng = np.random.default_rng(8)
    groups = np.zeros(50, int)
    scores = scores_of(rng, 6, 4, groups, 1.0, 0.1, 0.0)
    seeds, values = scores["0"]
    scores["1"] = seeds, values + 1e-6 * rng.standard_normal(values.shape)
    chances = seed_chances(scores, "0", groups)
    assert not chances["1"].is_pooled and chances["2"].is_pooled
    assert chances["1"].variance < 1e-9 * chances["2"].variance


def test_holm_steps_down():
    np.testing.assert_allclose(
        holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02]
    )
    np.testing.assert_allclose(holm([0.9, 0.8]), [1.0, 1.0])


def test_p_values_are_two_sided_and_never_zero():
    draws = np.stack([np.linspace(-1, 3, 401), np.full(401, 2.0), np.zeros(401)])
    np.testing.assert_allclose(p_values(draws), [202 / 401, 2 / 401, 1.0], rtol=0.01)


def test_a_mean_of_no_unit_is_refused():
    with pytest.raises(ValueError, match="needs units"):
        drawn_means(np.zeros((0, 1)), [NO_SEEDS], [], np.random.default_rng(0))
