"""The temporal kernels against BMTK, and the laws of composite units."""

import dataclasses

import numpy as np
import pytest

from v1model.lgn.classes import composite_classes, lgn_classes
from v1model.lgn.kernels import (
    KERNEL_MS,
    gaussian_sigma,
    make_subunits,
    subunit_centres,
    temporal_kernels,
    zero_crossing,
)
from v1model.lgn.spatial import gaussian
from v1model.lgn.units import draw_units


@pytest.fixture(scope="module")
def units():
    """Three units of each class."""
    everything = draw_units(5)
    rows = [
        np.flatnonzero(everything.model_id == kind.model_id)[:3]
        for kind in lgn_classes()
    ]
    return everything.take(np.concatenate(rows))


def bmtk_kernel(kpeaks, weights, delays):
    module = pytest.importorskip("bmtk.simulator.filternet.lgnmodel.fitfuns")
    basis = module.makeBasis_StimKernel(
        {
            "neye": 0,
            "ncos": 2,
            "kpeaks": kpeaks,
            "b": 0.3,
            "delays": [np.asarray(delays).astype(int)],
        },
        600,
    )
    forward = (basis @ weights)[::-1]
    return np.pad(forward, (0, KERNEL_MS - len(forward)))


@pytest.mark.parametrize("delays", [(0.0, 0.0), (0.0, 25.4), (61.2, 86.9)])
@pytest.mark.parametrize("kpeaks", [(4.7, 21.6), (30.8, 58.4), (56.5, 137.4)])
def test_kernels_equal_those_of_bmtk(kpeaks, delays):
    kpeaks, delays = np.array(kpeaks), np.array(delays)
    weights = np.array([3.7, -1.8])
    ours = temporal_kernels(kpeaks[None], weights[None], delays[None])[0]
    np.testing.assert_allclose(ours, bmtk_kernel(kpeaks, weights, delays), atol=1e-6)


def test_kernels_of_all_units_equal_those_of_bmtk(units):
    subunits = make_subunits(units)
    for i in np.flatnonzero(~units.is_composite):
        expected = bmtk_kernel(
            units.kpeaks_dom[i], units.weight_dom[i], units.delay_dom[i]
        )
        sign = 1 if "ON" in units.model_id[i] else -1
        np.testing.assert_allclose(subunits.kernel[i], sign * expected, atol=1e-6)


# Response latencies and peak rates of the two composite classes (Billeh et al. 2020).
COMPOSITES = {
    "sONsOFF_001": (115.0, 121.0, 4.0, 35.0, 21.0, 1.0),
    "sONtOFF_001": (64.8, 93.5, 5.5, 46.0, 31.0, 0.7),
}


def bmtk_aligned(kpeaks, weights, delays, latency):
    """Kernel shifted to its latency, and the sum of the unshifted one to its zero."""
    module = pytest.importorskip("bmtk.simulator.filternet.lgnmodel.util_fns")
    kernel = bmtk_kernel(kpeaks, weights, delays)
    crossing = module.get_tcross_from_temporal_kernel(kernel[:600])
    shifted = bmtk_kernel(kpeaks, weights, delays + latency - crossing)
    return shifted, kernel[:crossing].sum()


def test_composite_units_have_the_published_kernels_and_amplitudes(units):
    subunits = make_subunits(units)
    for j, i in enumerate(np.flatnonzero(units.is_composite)):
        latency_off, latency_on, spont, off, on, gain = COMPOSITES[units.model_id[i]]
        off_kernel, off_sum = bmtk_aligned(
            units.kpeaks_dom[i], units.weight_dom[i], units.delay_dom[i], latency_off
        )
        on_kernel, on_sum = bmtk_aligned(
            units.kpeaks_non_dom[i],
            units.weight_non_dom[i],
            units.delay_non_dom[i],
            latency_on,
        )
        amplitude = -gain * (off / on) * (on_sum / off_sum) - (
            spont * (off - on) / (on * off_sum)
        )
        first, second = subunits.kernel[i], subunits.kernel[len(units) + j]
        np.testing.assert_allclose(first, amplitude * off_kernel, atol=2e-6)
        np.testing.assert_allclose(second, on_kernel, atol=1e-6)
        assert subunits.spontaneous[i] == pytest.approx(spont / 2)
        assert subunits.spontaneous[len(units) + j] == pytest.approx(spont / 2)


def test_an_off_flash_drives_a_composite_unit_to_its_recorded_peak_ratio(units):
    row = np.flatnonzero(units.model_id == "sONsOFF_001")[:1]
    subunits = make_subunits(units.take(row))
    # The response to a flash peaks where the kernel crosses zero; both subunits
    # carry 2 Hz of spontaneous rate.
    off = np.cumsum(-subunits.kernel[0].astype(float)).max() + 2 + 2
    on = np.cumsum(subunits.kernel[1].astype(float)).max() + 2 + 2
    assert off / on == pytest.approx(35 / 21, rel=1e-4)


def test_no_kernel_is_moved_before_the_stimulus():
    """A kernel later than its recorded latency keeps its shape, as it cannot move."""
    units = draw_units(5).take(np.array([5100]))
    slow = dataclasses.replace(units, kpeaks_dom=3 * units.kpeaks_dom)
    unshifted = temporal_kernels(slow.kpeaks_dom, slow.weight_dom, slow.delay_dom)
    latest = composite_classes()["sONsOFF_001"].peak_ms_dominant
    assert zero_crossing(unshifted)[0] > latest
    kernel = make_subunits(slow).kernel[0]
    amplitude = kernel.min() / unshifted[0].max()
    np.testing.assert_allclose(kernel, amplitude * unshifted[0], atol=1e-5)


def test_bumps_have_unit_energy_so_that_weights_are_comparable():
    kpeaks, delays = np.array([[20.0, 50.0]] * 2), np.array([[0.0, 15.0]] * 2)
    kernels = temporal_kernels(kpeaks, np.eye(2), delays).astype(float)
    np.testing.assert_allclose((kernels**2).sum(axis=1), 1, rtol=1e-6)
    assert (kernels[1, :15] == 0).all()
    assert kernels.argmax(axis=1).tolist() == [19, 64]


def test_the_second_subunit_lies_in_the_tuning_direction():
    units = draw_units(5).take(np.array([5500]))
    units = dataclasses.replace(
        units, x=[100.0], y=[60.0], sf_sep=[6.0], tuning_angle=[30.0]
    )
    x, y = subunit_centres(units)
    assert (x[1] - x[0]) * 240 / 239 == pytest.approx(6 * np.cos(np.pi / 6))
    assert (y[1] - y[0]) * 120 / 119 == pytest.approx(3.0)


def test_a_second_subunit_outside_the_field_sits_on_its_edge():
    units = draw_units(5).take(np.array([5500, 5501]))
    units = dataclasses.replace(
        units,
        x=[237.0, 1.0],
        y=[60.0, 2.0],
        sf_sep=[6.0, 6.0],
        tuning_angle=[0.0, 225.0],
    )
    x, y = subunit_centres(units)
    assert x[2:].tolist() == [239.0, 0.0]
    assert y[3] == 0.0


def test_sizes_are_binned_by_degree_and_rounded_half_to_even():
    sizes = np.array([2.0, 2.9, 3.1, 4.9, 5.0, 6.9, 7.5, 9.9])
    expected = np.array([2, 2, 4, 4, 6, 6, 8, 10]) / 3
    np.testing.assert_allclose(gaussian_sigma(sizes), expected)


@pytest.mark.parametrize("sigma", [2 / 3, 4 / 3, 10 / 3])
def test_gaussians_equal_those_of_bmtk(sigma):
    module = pytest.importorskip("bmtk.simulator.filternet.lgnmodel.spatialfilter")
    pixels = np.arange(-50, 51)
    theirs = module.GaussianSpatialFilter(
        translate=(0.0, 0.0), sigma=(sigma, sigma), origin=(0.0, 0.0)
    )
    theirs = theirs.get_kernel(pixels, pixels, amplitude=1.0).full()
    profile = gaussian(sigma)
    radius = len(profile) // 2
    ours = np.zeros((101, 101))
    box = slice(50 - radius, 51 + radius)
    ours[box, box] = np.outer(profile, profile)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_a_composite_kernel_without_negative_lobe_is_refused():
    units = draw_units(5).take(np.array([5100]))
    flat = dataclasses.replace(units, weight_dom=np.abs(units.weight_dom))
    with pytest.raises(ValueError, match="no negative lobe.*weights"):
        make_subunits(flat)
