"""Where the samples of a field are, and the geometry of the space that they are in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ._axes import Axis, Lattice, as_axis, as_loops, as_shape, closed, per_axis
from ._geometry import Factor, Meridian, Orthogonal, Parallel, Pole, distance, sine
from ._metric import Curved, Mapped, Measured

__all__ = ["Grid"]


#: The mean radius of the Earth in metres, and figures of it: equatorial radius, flattening.
_EARTH = 6371008.8
_ELLIPSOIDS = {"WGS84": (6378137.0, 1 / 298.257223563)}


class Grid(Lattice):
    """Where the samples of a field are: coordinates, periodic axes, and the geometry of space.

    A grid is immutable. Make one with a constructor such as `Grid.cartesian` and pass it to any function in place
    of the spacings. Axes of arrays are in the order of the constructor's arguments.

    Angles that go round a full circle in even steps close on themselves, whether the end point is left out or is the
    first one again; ``periodic=True`` says the same of uneven ones, ``periodic=False`` takes it back. Steps are even
    that differ by no more than a hundredth, as those of rounded coordinates do; a radius or an angle within a billionth
    of a step of a pole is on it.

    Attributes
    ----------
    ndim : int
    shape : tuple of int, or None
        None where only steps are known.
    coords : tuple of ndarray
        Coordinates along each axis.
    periodic : tuple of bool
    scale_factors : ndarray, (ndim, *shape)
        Length per unit of each coordinate.
    metric : ndarray, (ndim, ndim, *shape)
    volume_element : ndarray, shape
        Volume per unit of the coordinates as given.
    """

    __slots__ = ("_geometry", "_lattice", "_name")
    _geometry: Orthogonal | Curved | None
    _lattice: Lattice
    _name: str

    def __init__(self) -> None:
        raise TypeError("use a constructor such as Grid.cartesian")

    @classmethod
    def _made(cls, name: str, lattice: Lattice, geometry: Orthogonal | Curved | None) -> Grid:
        grid = object.__new__(cls)
        grid._axes, grid._shape = lattice._axes, lattice._shape
        grid._name, grid._geometry, grid._lattice = name, geometry, lattice
        return grid

    @classmethod
    def cartesian(
        cls,
        *spacing: Any,
        shape: Sequence[int] | None = None,
        periodic: bool | Sequence[bool] = False,
        period: float | Sequence[float | None] | None = None,
    ) -> Grid:
        """A grid of straight, perpendicular axes.

        Parameters
        ----------
        *spacing : float or 1-D array
            As `numpy.gradient` has it: nothing (steps of 1), one step for all axes, or one step or array of
            coordinates per axis.
        shape : sequence of int, optional
            Number of samples along each axis. Without it there are as many axes as spacings.
        periodic : bool or sequence of bool
            Which axes close on themselves: the sample after the last one is the first.
        period : float or sequence of float, optional
            Length after which a periodic axis repeats. None is n times the step of an even axis; uneven
            coordinates need one.

        Returns
        -------
        Grid

        Raises
        ------
        TypeError
            A spacing is not a real number.
        ValueError
            Coordinates are not finite or not strictly monotonic, or their number is not that of `shape`; a period
            is missing, or shorter than the coordinates.

        Examples
        --------
        >>> import numpy as np, fieldgrad as fg
        >>> theta = np.linspace(0, 2 * np.pi, 8, endpoint=False)
        >>> grid = fg.Grid.cartesian(theta, 0.5, shape=(8, 3), periodic=(True, False))
        >>> grid
        Grid.cartesian(shape=(8, 3), periodic=(True, False))
        >>> np.round(fg.gradient(np.sin(theta)[:, None] * np.ones(3), grid)[0, 0], 3)
        array([0.9, 0.9, 0.9])
        """
        sizes = None if shape is None else as_shape(shape)
        count = len(spacing) if sizes is None else len(sizes)
        if count == 0:
            raise ValueError("Grid.cartesian needs a spacing or shape=")
        if len(spacing) <= 1 and sizes is not None and (not spacing or np.ndim(spacing[0]) == 0):
            spacing = (spacing or (1.0,)) * count
        if len(spacing) != count:
            raise ValueError(f"Grid.cartesian needs one spacing for each of {count} axes, got {len(spacing)}")
        axes = []
        loops = as_loops(periodic, count)
        periods = per_axis(period, count, "period", None)
        for k in range(count):
            name = f"spacing[{k}]"
            axis = as_axis(spacing[k], name)
            n = sizes[k] if sizes is not None else axis.length
            if axis.length is not None and axis.length != n:
                raise ValueError(f"{name} has {axis.length} coordinates, shape {sizes} needs {n}")
            if loops[k]:
                axis = closed(axis, n, periods[k], name)
            elif periods[k] is not None and (isinstance(period, (tuple, list, np.ndarray)) or not any(loops)):
                raise ValueError(f"period={period!r} is given but axis {k} is not periodic")
            axes.append(axis)
        if sizes is None and all(axis.coordinates is not None for axis in axes):
            sizes = tuple(len(axis.positions(0)) for axis in axes)
        return cls._made("cartesian", Lattice(tuple(axes), sizes), None)

    @classmethod
    def polar(cls, r: Any, theta: Any, *, periodic: bool | None = None) -> Grid:
        """Polar coordinates of the plane.

        Parameters
        ----------
        r : 1-D array
            Distances from the origin, ascending. The first may be 0.
        theta : 1-D array
            Angles in radians.
        periodic : bool, optional
            Whether `theta` goes round a full circle. By default it does if it does so in even steps.

        Returns
        -------
        Grid
            Of shape (len(r), len(theta)).

        Raises
        ------
        TypeError
            A coordinate is not a 1-D array of real numbers.
        ValueError
            Coordinates are not finite or not strictly monotonic; r is negative or descends; angles span more than a
            full circle.

        Notes
        -----
        Where r is 0, functions give the limit of a smooth field. If the circle is complete and each angle has its
        opposite, stencils go on through the origin, ``f(-r, theta) = f(r, theta + pi)``, and have their full order
        there. Otherwise they end at the origin, and the limit is the one that fits all directions best; errors are
        divided by r there, so that an `edge_order` of 2 leaves order 1 to operators of second order, divergence and
        curl. Where the first r is not 0, as in cells around the origin, stencils end at it, and those operators lose
        an order next to so small an r. Begin with r = 0 where you can.

        Examples
        --------
        >>> import numpy as np, fieldgrad as fg
        >>> r, theta = np.linspace(0, 1, 9), np.linspace(0, 2 * np.pi, 64, endpoint=False)
        >>> grid = fg.Grid.polar(r, theta)
        >>> grid
        Grid.polar(shape=(9, 64), periodic=(False, True))
        >>> x = r[:, None] * np.cos(theta)
        >>> np.allclose(fg.gradient_magnitude(x, grid, accuracy=8), 1)
        True
        """
        radius, angle = _radius(r, "r"), _circle(theta, "theta", 2 * math.pi, periodic)
        return cls._around_an_axis("polar", radius, angle)

    @classmethod
    def cylindrical(
        cls,
        r: Any,
        theta: Any,
        z: Any,
        *,
        periodic: bool | Sequence[bool | None] | None = None,
        period: float | None = None,
    ) -> Grid:
        """Cylindrical coordinates.

        Parameters
        ----------
        r, theta : 1-D array
            As in `Grid.polar`.
        z : 1-D array
            Heights.
        periodic : bool or sequence of three, optional
            Whether `theta` goes round a full circle; or that of all axes, where None leaves it to `theta` itself.
        period : float, optional
            Of a periodic `z`. By default as many steps as it has samples.

        Returns
        -------
        Grid
            Of shape (len(r), len(theta), len(z)).

        Raises
        ------
        TypeError, ValueError
            As `Grid.polar`.

        Examples
        --------
        >>> import numpy as np, fieldgrad as fg
        >>> fg.Grid.cylindrical([1.0, 2.0], np.linspace(0, 2 * np.pi, 8), [0.0, 1.0, 2.0])
        Grid.cylindrical(shape=(2, 8, 3), periodic=(False, True, False))
        """
        one = periodic is None or isinstance(periodic, (bool, np.bool_))
        loops: list[Any] = [None, periodic, None] if one else as_loops(periodic, 3, None)
        if loops[0]:
            raise ValueError("periodic must be False for r")
        radius, angle = _radius(r, "r"), _circle(theta, "theta", 2 * math.pi, loops[1])
        height = _coordinates(z, "z")
        if loops[2]:
            height = closed(height, height.length, period, "z")
        elif period is not None:
            raise ValueError(f"period={period!r} is given but z is not periodic")
        return cls._around_an_axis("cylindrical", radius, angle, height)

    @classmethod
    def spherical(cls, rho: Any, theta: Any, phi: Any, *, periodic: bool | None = None) -> Grid:
        """Spherical coordinates: radius, colatitude, azimuth.

        Parameters
        ----------
        rho : 1-D array
            Distances from the origin, ascending. The first may be 0.
        theta : 1-D array
            Angles from the polar axis in radians, within 0 ... pi, both included.
        phi : 1-D array
            Angles around the polar axis in radians.
        periodic : bool, optional
            Whether `phi` goes round a full circle. By default it does if it does so in even steps.

        Returns
        -------
        Grid
            Of shape (len(rho), len(theta), len(phi)).

        Raises
        ------
        TypeError, ValueError
            As `Grid.polar`; theta is not within 0 ... pi.

        Notes
        -----
        At the origin and on the polar axis functions give the limit of a smooth field, as at the origin of
        `Grid.polar`. Stencils go on through the origin if each direction has its opposite: the angles theta must be
        symmetric about pi / 2 for that.

        Examples
        --------
        The field of a point charge:

        >>> import numpy as np, fieldgrad as fg
        >>> rho, theta = np.linspace(1, 2, 101), np.linspace(0, np.pi, 9)
        >>> grid = fg.Grid.spherical(rho, theta, np.linspace(0, 2 * np.pi, 16, endpoint=False))
        >>> E = -fg.gradient(np.broadcast_to(1 / rho[:, None, None], grid.shape), grid, accuracy=4)
        >>> np.allclose(E[0], 1 / rho[:, None, None] ** 2, atol=1e-6)
        True
        """
        radius, colatitude = _radius(rho, "rho"), _coordinates(theta, "theta")
        angle = _circle(phi, "phi", 2 * math.pi, periodic)
        x, y = _within(colatitude, 0.0, math.pi, "theta"), _values(angle)
        sines, cosines = sine(x)[0], np.cos(x)
        poles = []
        for i in (0, len(x) - 1):
            if sines[i] == 0:
                poles.append(Pole(1, i > 0, (2,), _opposites(angle), (1, -1, -1), _turning(y, np.sign(cosines[i]))))
        if radius.positions(0)[0] == 0:
            s, c, cy, sy = np.broadcast_arrays(sines[:, None], cosines[:, None], np.cos(y), np.sin(y))
            frame = np.array([[s * cy, c * cy, -sy], [s * sy, c * sy, cy], [c, -s, 0 * s]])
            symmetric = np.all(np.abs(x + x[::-1] - math.pi) <= _UNEVEN * abs(x[-1] - x[0]) / len(x))
            poles.append(Pole(0, False, (1, 2), _opposites(angle) if symmetric else 0, (-1, 1, -1), frame))
        axes, coords = (radius, colatitude, angle), (_values(radius), x, y)
        return cls._orthogonal("spherical", axes, coords, ({}, {0: distance}, {0: distance, 1: sine}), tuple(poles))

    @classmethod
    def geographic(
        cls,
        lat: Any,
        lon: Any,
        *,
        radius: float = _EARTH,
        ellipsoid: str | tuple[float, float] | None = None,
        periodic: bool | None = None,
    ) -> Grid:
        """Latitude and longitude on a globe.

        Parameters
        ----------
        lat, lon : 1-D array
            Degrees, in ascending or descending order. Latitudes are geodetic, within -90 ... 90, both included.
        radius : float
            Of the sphere; by default the Earth's mean radius in metres. Results are per unit of it.
        ellipsoid : "WGS84" or (float, float), optional
            An ellipsoid instead: its equatorial radius and its flattening.
        periodic : bool, optional
            Whether `lon` goes round the globe. By default it does if it does so in even steps.

        Returns
        -------
        Grid
            Of shape (len(lat), len(lon)). Component 0 of vectors points to the north, component 1 to the east.

        Raises
        ------
        TypeError, ValueError
            As `Grid.polar`; lat is not within -90 ... 90, or the radius or ellipsoid is not one.

        Notes
        -----
        At the poles functions give the limit of a smooth field, as at the origin of `Grid.polar`; latitudes that end
        half a step before one end there. Lengths are ``M dlat`` and ``N cos(lat) dlon`` with the radii of curvature
        M, N of the ellipsoid [1]_.

        References
        ----------
        .. [1] J. P. Snyder, "Map Projections: A Working Manual", USGS Professional Paper 1395 (1987), equations 4-18
           and 4-20.

        Examples
        --------
        >>> import numpy as np, fieldgrad as fg
        >>> lat, lon = np.linspace(-90, 90, 7), np.arange(0, 360, 30)
        >>> grid = fg.Grid.geographic(lat, lon, ellipsoid="WGS84")
        >>> grid
        Grid.geographic(shape=(7, 12), periodic=(False, True))
        >>> grid.scale_factors[:, 3, 0].round(1)                    # metres per degree at the equator
        array([110574.3, 111319.5])
        """
        latitude, longitude = _coordinates(lat, "lat"), _circle(lon, "lon", 360.0, periodic)
        degrees = _within(latitude, -90.0, 90.0, "lat")
        equatorial, flattening = _figure(radius, ellipsoid)
        squared = flattening * (2 - flattening)  # eccentricity
        factors = {0: Meridian(equatorial, squared)}, {0: Parallel(equatorial, squared)}
        angle = _values(longitude) * (np.longdouble(math.pi) / 180)
        poles = []
        for i in (0, len(degrees) - 1):
            if abs(degrees[i]) >= 90:
                frame = _turning(angle, -np.sign(degrees[i]))
                poles.append(Pole(0, i > 0, (1,), _opposites(longitude), (-1, -1), frame))
        axes, coords = (latitude, longitude), (degrees, _values(longitude))
        return cls._orthogonal("geographic", axes, coords, factors, tuple(poles), -1)

    @classmethod
    def curvilinear(
        cls,
        *positions: Any,
        periodic: bool | Sequence[bool] = False,
    ) -> Grid:
        """Any coordinates, from the place of every sample.

        Parameters
        ----------
        *positions : array_like, shape S
            Cartesian coordinates of all samples, as many arrays as they have axes. The coordinates of the grid are the
            indices.
        periodic : bool or sequence of bool
            Which axes close on themselves.

        Returns
        -------
        Grid

        Raises
        ------
        TypeError
            A position is not a real number.
        ValueError
            Positions are not finite or not of one shape; the map from indices to them folds or degenerates, which its
            Jacobian by central differences says, and where.

        Notes
        -----
        Derivatives of the positions have the accuracy of the call, and metrics that are differentiated two orders more.
        What a function needs of the metric is kept for its next call, so the first one takes longer: of each function
        some arrays of the field's size, up to 7 in the plane and 15 in space, those of `normals`; 6 and 12 of others.

        Examples
        --------
        >>> import numpy as np, fieldgrad as fg
        >>> i, j = np.mgrid[:4, :5].astype(float)
        >>> grid = fg.Grid.curvilinear(2 * i + j, j)                # sheared
        >>> float(fg.gradient_magnitude(2 * i + j, grid)[1, 1].round(12))          # of the first position
        1.0
        """
        mapped = Mapped(positions, periodic)
        return cls._made("curvilinear", mapped.lattice, mapped)

    @classmethod
    def riemannian(
        cls,
        metric: Any,
        *spacing: Any,
        periodic: bool | Sequence[bool] = False,
        period: float | Sequence[float | None] | None = None,
    ) -> Grid:
        """Any coordinates, from the metric.

        Parameters
        ----------
        metric : array_like, shape (d, d, *S)
            Symmetric and positive definite: squares of lengths are ``sum g[i, k] dx[i] dx[k]``.
        *spacing, periodic, period
            The coordinates; see `Grid.cartesian`.

        Returns
        -------
        Grid

        Raises
        ------
        TypeError
            The metric or a spacing is not made of real numbers.
        ValueError
            The metric has the wrong shape, or is somewhere not finite, not symmetric or not positive definite; or as
            `Grid.cartesian`.

        Notes
        -----
        What functions need of the metric is kept; see `curvilinear`.

        Examples
        --------
        >>> import numpy as np, fieldgrad as fg
        >>> y = np.linspace(1, 2, 5)
        >>> g = np.eye(2)[..., None, None] / y[:, None] ** 2 * np.ones(4)         # the hyperbolic plane
        >>> grid = fg.Grid.riemannian(g, y, 0.1)
        >>> fg.gradient_magnitude(np.log(y)[:, None] * np.ones(4), grid, edge_order=2).round(1)[:, 0]
        array([1., 1., 1., 1., 1.])
        """
        measured = Measured(metric)
        flat = cls.cartesian(*spacing, shape=measured.shape, periodic=periodic, period=period)
        measured.lattice = flat.lattice
        return cls._made("riemannian", measured.lattice, measured)

    @classmethod
    def _orthogonal(
        cls,
        name: str,
        axes: tuple[Axis, ...],
        coords: tuple[np.ndarray, ...],
        factors: tuple[Mapping[int, Factor], ...],
        poles: tuple[Pole, ...],
        hand: int = 1,
    ) -> Grid:
        shape = tuple(len(x) for x in coords)
        return cls._made(name, Lattice(axes, shape), Orthogonal.of(factors, coords, poles, hand))

    @classmethod
    def _around_an_axis(cls, name: str, *axes: Axis) -> Grid:
        coords = tuple(_values(axis) for axis in axes)
        (r, theta), others = coords[:2], len(axes) - 2
        pole = Pole(0, False, (1,), _opposites(axes[1]), (-1, -1, *[1] * others), _turning(theta, 1.0))
        factors = {}, {0: distance}, *({} for _ in range(others))
        return cls._orthogonal(name, axes, coords, factors, (pole,) if r[0] == 0 else ())

    @property
    def shape(self) -> tuple[int, ...] | None:
        return self._shape

    @property
    def periodic(self) -> tuple[bool, ...]:
        return tuple(axis.periodic for axis in self._axes)

    @property
    def coords(self) -> tuple[np.ndarray, ...]:
        shape = self._known_shape()
        return tuple(axis.positions(n) for axis, n in zip(self._axes, shape, strict=True))

    @property
    def scale_factors(self) -> np.ndarray:
        shape, geometry = self._known_shape(), self._geometry
        if isinstance(geometry, Orthogonal):
            return np.stack([np.broadcast_to(s.spread(self.ndim), shape) for s in geometry.scales])
        if geometry is not None:
            return np.sqrt(np.einsum("kk...->k...", geometry.metric()))
        return np.broadcast_to(np.float64(1.0), (self.ndim, *shape))

    @property
    def metric(self) -> np.ndarray:
        shape, geometry = self._known_shape(), self._geometry
        if isinstance(geometry, Orthogonal):
            return np.eye(self.ndim).reshape(self.ndim, self.ndim, *[1] * self.ndim) * self.scale_factors**2
        if geometry is not None:
            return geometry.metric()
        identity = np.eye(self.ndim).reshape(self.ndim, self.ndim, *[1] * self.ndim)
        return np.broadcast_to(identity, (self.ndim, self.ndim, *shape))

    @property
    def volume_element(self) -> np.ndarray:
        shape, geometry = self._known_shape(), self._geometry
        if isinstance(geometry, Orthogonal):
            return self.scale_factors.prod(axis=0)
        if geometry is not None:
            return geometry.volume_element()
        return np.broadcast_to(np.float64(1.0), shape)

    @property
    def geometry(self) -> Orthogonal | Curved | None:
        """None if axes are straight."""
        return self._geometry

    @property
    def lattice(self) -> Lattice:
        """The coordinates as if they were lengths."""
        return self._lattice

    def _known_shape(self) -> tuple[int, ...]:
        if self._shape is None:
            raise ValueError("this grid knows steps alone: make it with shape=")
        return self._shape

    def axes_for(self, shape: tuple[int, ...]) -> tuple[Axis, ...]:
        """The axes, for a field of that shape."""
        if self._geometry is not None:
            raise ValueError(f"this function is for straight axes, got {self!r}")
        return super().axes_for(shape)

    def __repr__(self) -> str:
        steps = ", ".join("coordinates" if a.step is None else f"{a.step:g}" for a in self._axes)
        what = f"shape={self._shape}" if self._shape is not None else steps
        return f"Grid.{self._name}({what}, periodic={self.periodic})"


# ---- coordinates -------------------------------------------------------------------------------------------


def _coordinates(x: Any, name: str) -> Axis:
    axis = as_axis(x, name)
    if axis.coordinates is None:
        raise TypeError(f"{name} must be a 1-D array of coordinates, got {x!r}")
    if not len(axis.coordinates):
        raise ValueError(f"{name} must have at least one coordinate, got none")
    return axis


def _values(axis: Axis) -> np.ndarray:
    return np.asarray(axis.positions(0), np.longdouble)


def _radius(x: Any, name: str) -> Axis:
    axis = _coordinates(x, name)
    r = axis.positions(0)
    if len(r) > 1 and r[1] < r[0]:
        raise ValueError(f"{name} must ascend, got {r[0]} before {r[1]}")
    slack = _A_LITTLE * (r[1] - r[0]) if len(r) > 1 else 0.0
    if r[0] < -slack:
        raise ValueError(f"{name} must not be negative, got {r[0]} at 0")
    if r[0] == 0 or abs(r[0]) > slack:
        return axis
    r = r.copy()
    r[0] = 0
    r.flags.writeable = False
    return replace(axis, coordinates=r)


def _within(axis: Axis, low: float, high: float, name: str) -> np.ndarray:
    """Coordinates in extended precision, once they are known to be in a range, but for rounding."""
    x = axis.positions(0)
    slack = max(2 * float(np.finfo(x.dtype).eps) * high, _A_LITTLE * float(np.abs(np.diff(x)).min(initial=high)))
    outside = (x < low - slack) | (x > high + slack)
    if outside.any():
        at = int(np.argmax(outside))
        raise ValueError(f"{name} must be within {low:g} ... {high:g}, got {x[at]} at {at}")
    ends = np.where(np.abs(x - low) <= slack, low, np.where(np.abs(x - high) <= slack, high, x))
    return np.asarray(ends, np.longdouble)


#: Of a step: how far from a pole samples may be to be taken to be on it; how far from even those of a circle may be, as
#: files have rounded ones.
_A_LITTLE, _UNEVEN = 1e-9, 1e-2


def _circle(x: Any, name: str, turn: float, periodic: bool | None) -> Axis:
    """An angle, periodic if it goes round."""
    axis = _coordinates(x, name)
    values = axis.positions(0)
    if not (periodic is None or isinstance(periodic, (bool, np.bool_))):
        raise TypeError(f"periodic must be True, False or None, got {periodic!r}")
    n, span = len(values), float(values[-1]) - float(values[0])
    steps = np.diff(np.asarray(values, float))
    step = abs(span) / max(1, n - 1)
    if abs(span) > turn + _UNEVEN * step:
        raise ValueError(f"{name} must not go round more than once, got {values[0]} ... {values[-1]}")
    repeated = n > 2 and abs(abs(span) - turn) <= _UNEVEN * step
    whole = repeated or abs(abs(span) + step - turn) <= _UNEVEN * step
    even = n > 1 and np.ptp(steps) <= _UNEVEN * step
    if periodic is False or (periodic is None and not (whole and even)):
        return axis
    length = turn if span >= 0 else -turn
    # Where the coordinates' rounding is all that tells steps from even ones, even ones are meant.
    rounding = 8 * float(np.finfo(values.dtype).eps) * max(1.0, float(np.abs(values).max()))
    exact = length / (n - repeated)
    meant = n > 1 and np.abs(steps - exact).max() <= rounding
    return Axis(exact if meant else None, axis.coordinates, True, length, repeated)


def _opposites(angle: Axis) -> int:
    """How many different samples a circle has, if there is an opposite one to each; otherwise 0."""
    if not angle.periodic:
        return 0
    assert angle.period is not None
    x = _values(angle)
    distinct = len(x) - angle.repeated
    if distinct % 2:
        return 0
    apart = x[distinct // 2 : distinct] - x[: distinct // 2]
    step = abs(angle.period) / distinct
    return distinct if np.all(np.abs(apart - angle.period / 2) <= _UNEVEN * step) else 0


def _turning(angle: np.ndarray, outward: float) -> np.ndarray:
    """Unit vectors next to an axis: away from it, or towards it if `outward` is -1; and around it."""
    return np.array([[outward * np.cos(angle), -np.sin(angle)], [outward * np.sin(angle), np.cos(angle)]])


def _figure(radius: Any, ellipsoid: Any) -> tuple[float, float]:
    """Equatorial radius and flattening."""
    if ellipsoid is not None and not (radius is None or np.array_equal(radius, _EARTH)):
        raise ValueError(f"radius is that of a sphere: give it or ellipsoid, got radius={radius!r} and {ellipsoid!r}")
    if ellipsoid is None:
        a, f = radius, 0.0
    elif isinstance(ellipsoid, str):
        if ellipsoid not in _ELLIPSOIDS:
            raise ValueError(f"ellipsoid must be one of {', '.join(_ELLIPSOIDS)} or (a, f), got {ellipsoid!r}")
        a, f = _ELLIPSOIDS[ellipsoid]
    else:
        try:
            a, f = ellipsoid
        except (TypeError, ValueError):
            raise TypeError(f"ellipsoid must be a name or a pair (a, f), got {ellipsoid!r}") from None
    length = "radius" if ellipsoid is None else "equatorial radius of the ellipsoid"
    for name, value in ((length, a), ("flattening", f)):
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise TypeError(f"{name} must be a real number, got {value!r}")
    if not (math.isfinite(a) and a > 0):
        raise ValueError(f"{length} must be finite and positive, got {a}")
    if not 0 <= f < 1:
        raise ValueError(f"flattening must be at least 0 and below 1, got {f}")
    return float(a), float(f)
