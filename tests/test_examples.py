"""The numbers of the examples, beside the literature, closed forms and another way to find them."""

import numpy as np
import pytest

import fieldgrad as fg
from examples import charges, consumer, globe, molecule, pipe, reaction, relief, summits, tokamak, wind

pytestmark = pytest.mark.uninstrumented


EXAMPLES = reaction, tokamak, summits, globe, consumer, charges, pipe, wind, relief


@pytest.mark.parametrize(
    "example",
    (*EXAMPLES, pytest.param(molecule, marks=pytest.mark.pyscf)),
    ids=lambda module: module.__name__,
)
def test_examples_draw_one_picture(example, tmp_path, capsys):
    example.main(tmp_path)
    [picture] = tmp_path.iterdir()
    assert picture.suffix == ".png"
    assert picture.stat().st_size > 10_000
    assert capsys.readouterr().out


def test_minima_and_transition_states_are_those_of_the_literature():
    points = reaction.find()
    assert points.complete
    kinds, places, values = zip(*reaction.LITERATURE, strict=True)
    assert tuple(points.kind) == kinds
    np.testing.assert_allclose(points.points, places, atol=5.1e-4)  # three decimals
    np.testing.assert_allclose(points.values, values, atol=5.1e-4)


def test_axis_and_x_points_of_the_tokamak_are_those_of_the_formula():
    points = tokamak.find()
    assert points.complete
    assert list(points.kind) == ["minimum", "saddle", "saddle"]
    order = np.argsort(points.points[1:, 1]) + 1
    np.testing.assert_allclose(points.points[0], (tokamak.AXIS, 0), atol=1e-6)
    exact = [(tokamak.X_RADIUS, -tokamak.X_HEIGHT), (tokamak.X_RADIUS, tokamak.X_HEIGHT)]
    np.testing.assert_allclose(points.points[order], exact, atol=1e-6)
    np.testing.assert_allclose(points.values, (0, 1, 1), atol=1e-6)


def test_the_flux_of_the_tokamak_fulfils_its_equation():
    r, h = np.array([5.0, 5.5, 6.7, 8.0]), 1e-3
    for z in (0.0, 1.0, -2.5):
        down, here, up = (tokamak.flux(r + k * h, z) for k in (-1, 0, 1))
        radial = (r * ((up - here) / (r + h / 2) - (here - down) / (r - h / 2))) / h**2
        axial = (tokamak.flux(r, z + h) - 2 * here + tokamak.flux(r, z - h)) / h**2
        slope, offset = np.polyfit(r**2, radial + axial, 1)
        np.testing.assert_allclose(radial + axial, slope * r**2 + offset, rtol=1e-5)


def peaks_above_passes(z):
    """Vertices and prominence of peaks, by a flood that falls: the lower one of two islands ends where they meet.

    Of samples that are equal the later one is higher. The outside is an island higher than any.
    """
    rows, columns = z.shape
    outside = z.size
    island, peaks = np.full(z.size + 1, -1), {}
    rank = np.empty(z.size + 1, int)
    order = np.argsort(z.ravel(), kind="stable")[::-1]
    rank[order], rank[outside] = np.arange(z.size), -1
    island[outside] = outside

    def top(k):
        while island[k] != k:
            island[k] = k = island[island[k]]
        return k

    for k in order:
        y, x = divmod(int(k), columns)
        around = [(y + a, x + b) for a, b in ((-1, -1), (-1, 0), (0, -1), (0, 1), (1, 0), (1, 1))]
        inside = [i * columns + j for i, j in around if 0 <= i < rows and 0 <= j < columns]
        rim = [] if len(inside) == 6 else [outside]
        tops = sorted({top(n) for n in inside + rim if island[n] >= 0}, key=lambda n: rank[n])
        island[k] = tops[0] if tops else k
        for lower in tops[1:]:
            island[lower] = tops[0]
            peaks[lower] = z.flat[lower] - z.flat[k]
    return peaks


def test_prominences_are_those_of_a_falling_flood():
    land = summits.land()
    points = summits.find(land)
    expected = peaks_above_passes(land.elevation)
    peaks = points.maxima
    vertices = np.ravel_multi_index(peaks.indices.astype(int).T, land.elevation.shape)
    assert dict(zip(vertices.tolist(), peaks.persistence.tolist(), strict=True)) == expected
    assert len(peaks.by_persistence(summits.PROMINENCE)) == sum(gap >= summits.PROMINENCE for gap in expected.values())


def test_the_highest_peak_is_where_maps_have_it():
    peaks = summits.find(summits.land()).maxima
    highest = peaks[np.argmax(peaks.values)]
    latitude, longitude, height = summits.CROSS_MOUNTAIN
    np.testing.assert_allclose(highest.points[0], (latitude, longitude), atol=1e-3)  # a step, about
    np.testing.assert_allclose(highest.values, height, atol=5)


def test_points_of_the_drum_are_those_on_its_axis():
    points = fg.critical_points(*reversed(globe.drum()))
    assert points.complete
    x, y = globe.flat(points.points).T
    np.testing.assert_allclose(y, 0, atol=1e-9)
    np.testing.assert_allclose(np.sort(x), globe.on_the_axis(), atol=1e-4)


def test_points_of_the_globe_are_corners_and_faces_of_a_cube():
    points = fg.critical_points(*reversed(globe.globe()))
    assert points.complete
    assert points.euler == (2, 2)
    assert np.bincount(points.index).tolist() == [4, 6, 4]
    for some, known in ((points.saddles, globe.FACES), (points[points.index != 1], globe.CORNERS)):
        distance = np.linalg.norm(globe.in_space(some.points)[:, np.newaxis] - known, axis=2)
        assert sorted(distance.argmin(axis=1)) == list(range(len(known)))
        assert distance.min(axis=1).max() < 1e-4


def test_the_consumer_spends_each_share_on_its_good():
    table = consumer.utility(consumer.X[:, np.newaxis], consumer.Y)
    exact, found = consumer.exact(), consumer.by_the_gradient(table)
    np.testing.assert_allclose(found.bundle, exact.bundle, rtol=1e-6)
    np.testing.assert_allclose(found.multiplier, exact.multiplier, rtol=1e-6)
    np.testing.assert_allclose(consumer.along_the_line(table), exact.bundle, rtol=1e-6)


@pytest.mark.pyscf
def test_benzene_has_its_nuclei_bonds_and_ring():
    benzene = molecule.benzene()
    field = molecule.logarithm(benzene)
    points = molecule.find(field)
    assert points.complete
    assert np.bincount(points.index).tolist() == [0, 1, 12, 12]
    nuclei, bonds, ring = (points[points.index == k] for k in (3, 2, 1))

    distance = np.linalg.norm(nuclei.points[:, np.newaxis] - benzene.nuclei, axis=2)
    assert sorted(distance.argmin(axis=1)) == list(range(12))
    assert distance.min(axis=1).max() < 0.05  # bohr; the density of hydrogen leans towards carbon

    np.testing.assert_allclose(ring.points, np.zeros((1, 3)), atol=1e-9)  # by symmetry
    turn = np.angle((bonds.points[:, 0] + 1j * bonds.points[:, 1]) ** 6) / 6
    inner = np.linalg.norm(bonds.points, axis=1) < molecule.CARBON
    np.testing.assert_allclose(np.abs(np.degrees(turn)), np.where(inner, 30, 0), atol=0.01)
    np.testing.assert_allclose(np.exp(bonds.values[inner]), molecule.BOND_DENSITY, atol=1e-3)

    others, h = points[points.index < 3], 1e-3
    for step in h * np.eye(3):  # where PySCF's own density has no slope
        ahead, behind = (benzene.density(others.points + sign * step) for sign in (1, -1))
        assert np.abs(np.log(ahead / behind) / (2 * h)).max() < 2e-3
    np.testing.assert_allclose(np.exp(others.values), benzene.density(others.points), rtol=1e-4)


def test_field_of_the_dipole_is_that_of_the_formula():
    grid, V, exact = charges.sample(64)
    np.testing.assert_allclose(-fg.gradient(V, grid, accuracy=6), exact, atol=3e-6 * np.abs(exact).max())


def test_the_same_heat_flows_through_every_radius():
    np.testing.assert_allclose(pipe.heat_through_radii(6), pipe.exact_heat(), rtol=1e-6)


def test_wind_has_the_vorticity_of_its_streamfunction_and_no_divergence():
    grid, psi, vorticity = wind.globe(1.5)
    v = wind.wind(psi, grid)
    largest = np.abs(vorticity).max()
    np.testing.assert_allclose(fg.curl(v, grid, accuracy=4), vorticity, atol=1e-4 * largest)
    np.testing.assert_allclose(fg.divergence(v, grid, accuracy=4), 0, atol=1e-4 * largest)


def test_depth_from_normals_is_the_landscape():
    height, spacing = relief.landscape()
    part = np.ascontiguousarray(height[:120, :140])
    found, info = relief.depth_from(relief.normals_of(part, spacing), spacing, part.mean())
    np.testing.assert_allclose(found, part, atol=1e-6)
    seen = np.ones(part.shape, bool)
    seen[40:60, 50:90] = False
    found, info = relief.depth_from(relief.normals_of(part, spacing), spacing, part[seen].mean(), seen)
    np.testing.assert_allclose(found[seen], part[seen], atol=60)  # slopes next to the gap took in what is hidden
    assert info.residual < 0.1
