"""What is measured: all jobs on fields."""

from __future__ import annotations

from . import edge_rivals, fields, geometry_rivals, ours, rivals, spline_rivals
from .job import Job


def _cube(n: int) -> tuple[int, int, int]:
    return n, n, n


def _gradients():
    at_unit, at_any = {"copy": 0.9, "numpy": 6}, {"copy": 0.75, "numpy": 6}
    for n in (256, 250):
        cube = f"gradient {n}³ float64"
        yield Job("gradient", f"{cube}, out, unit spacing", _cube(n), at_unit)
        yield Job("gradient", f"{cube}, out, spacing 0.1", _cube(n), at_any, spacing=fields.tenth)
        yield Job("gradient", f"{cube}, out, linspace coordinates", _cube(n), at_any, spacing=fields.linspace)
        yield Job("gradient", f"{cube}, out, uneven coordinates", _cube(n), at_any, spacing=fields.uneven)
        yield Job("gradient", f"{cube}, fresh", _cube(n), {"numpy": 4}, reuse=False)
    yield Job("gradient", "gradient 4096² float32, out", (4096, 4096), {"copy": 0.81}, dtype="f4")
    for shape in ((64, 64, 65536), (65536, 64, 64)):
        name = f"gradient {'×'.join(map(str, shape))} float64, out"
        yield Job("gradient", name, shape, {"copy": 0.81}, rivals=())
    yield Job(
        "gradient",
        "gradient 256³ float64, out, one worker",
        _cube(256),
        options={"workers": 1},
        against_plain=True,
        rivals=(),
    )


def _reductions():
    for function, name, multiple in (("gradient_magnitude", "magnitude", 20), ("normals", "normals", 10)):
        for n in (256, 250):
            targets = {"copy": 0.75, "numpy": multiple}
            for fresh in (False, True):
                yield Job(
                    "reductions",
                    f"{name} {n}³ float64, {'fresh' if fresh else 'out'}",
                    _cube(n),
                    {"numpy": multiple} if fresh else targets,
                    function,
                    reuse=not fresh,
                )
    image = {"shape": (4096, 4096), "function": "gradient_magnitude", "dtype": "f4"}
    yield Job("reductions", "magnitude 4096² float32, out", targets={"copy": 0.675}, **image)
    yield Job("reductions", "magnitude 4096² float32, fresh", reuse=False, **image)
    yield Job(
        "reductions",
        "magnitude 4096² float32, fresh, reflect",
        options={"boundary": "reflect"},
        reuse=False,
        rivals=(rivals.numpy, rivals.scipy, rivals.opencv, rivals.scikit_image),
        **image,
    )


def _layouts():
    for layout, name, fraction in (
        (fields.fortran, "Fortran order", 0.9),
        (fields.rotated, "axes transposed", 0.9),
        (fields.byte_swapped, "byte-swapped", 0.5),
        (fields.unaligned, "unaligned", 0.5),
        (fields.last_axis_strided, "f[..., ::2]", 0.5),
    ):
        name = f"gradient 256³ float64, out, {name}"
        yield Job("layouts", name, _cube(256), {"plain": fraction}, layout=layout, against_plain=True)
    yield Job(
        "layouts",
        "gradient 200³ float64, out, f[::2, ::2, ::2]",
        _cube(200),
        {"plain": 0.5},
        layout=fields.every_other,
        against_plain=True,
    )
    for dtype in ("int16", "uint8"):
        yield Job("layouts", f"gradient 256³ {dtype}, out", _cube(256), dtype=dtype, against_plain=True)


def _stencils():
    for name, options, fraction, others in (
        ("periodic", {"boundary": "periodic"}, 0.8, (rivals.numpy,)),
        ("edge_order 2", {"edge_order": 2}, 0.8, (rivals.numpy, rivals.findiff)),
        ("accuracy 4", {"accuracy": 4}, 0.8, (rivals.findiff,)),
        ("accuracy 6", {"accuracy": 6}, 0.5, (rivals.findiff,)),
        ("accuracy 8", {"accuracy": 8}, 0.5, (rivals.findiff,)),
    ):
        yield Job(
            "stencils",
            f"gradient 256³ float64, out, {name}",
            _cube(256),
            {"plain": fraction},
            options=options,
            against_plain=True,
            rivals=others,
        )


def _operators():
    """On straight grids."""
    target = {"copy": 0.6}
    for function, layout in (
        ("laplacian", fields.dense),
        ("divergence", fields.vectors),
        ("curl", fields.vectors),
        ("hessian", fields.dense),
    ):
        name = f"{function} 256³ float64, out"
        yield Job("operators", name, _cube(256), target, function, layout=layout, rivals=(geometry_rivals.numpy,))
    yield Job(
        "operators",
        "directional derivative 256³ float64, out",
        _cube(256),
        target,
        ours.along_diagonal,
        rivals=(geometry_rivals.numpy,),
        options={"direction": (1, 2, 3)},
    )
    yield Job(
        "operators",
        "derivative along a field of directions 256³ float64, out",
        _cube(256),
        target,
        ours.along_directions,
        rivals=(geometry_rivals.numpy,),
        beside=3,
    )
    for axis in range(3):
        yield Job(
            "operators",
            f"second derivative 256³ float64, out, axis {axis}",
            _cube(256),
            target,
            "partial",
            options={"axis": axis, "order": 2},
            rivals=(),
        )


def _geometry():
    """Gradients on curved grids, and around absent samples."""
    half, by = {"plain": 0.5}, (geometry_rivals.numpy, geometry_rivals.py_pde)
    plane, cube = (4096, 4096), _cube(192)
    for shape, size, spacing in (
        (plane, "4096²", fields.polar),
        (plane, "4096²", fields.annulus),
        (cube, "192³", fields.cylindrical),
        (cube, "192³", fields.spherical),
        (cube, "192³", fields.shell),
    ):
        name = f"gradient {size} float64, out, {spacing.__name__}"
        targets = {**half, "copy": 0.5}  # with nothing but rows of radii py-pde runs at the speed of memory
        yield Job("geometry", name, shape, targets, spacing=spacing, against_plain=True, rivals=by)
    yield Job(
        "geometry",
        "gradient 4096² float64, out, geographic",
        plane,
        half,
        spacing=fields.geographic,
        against_plain=True,
        rivals=(geometry_rivals.numpy,),
    )
    yield Job(
        "geometry",
        "gradient 1024² float64, out, geographic",
        (1024, 1024),
        {"metpy": 20},
        spacing=fields.geographic,
        against_plain=True,
        rivals=(geometry_rivals.metpy,),
    )
    for spacing in (fields.curvilinear, fields.riemannian):
        yield Job(
            "geometry",
            f"gradient 4096² float64, out, {spacing.__name__}",
            plane,
            {"copy": 0.5},
            spacing=spacing,
            against_plain=True,
            rivals=(),
            beside=4,
        )
    for function, layout in (
        ("laplacian", fields.dense),
        ("divergence", fields.vectors),
        ("curl", fields.vectors),
        ("hessian", fields.dense),
        ("jacobian", fields.vectors),
    ):
        for spacing in (fields.curvilinear, fields.riemannian):
            name = f"{function} 2048² float64, out, {spacing.__name__}"
            target = {} if function == "jacobian" else {"copy": 0.6}
            yield Job(
                "geometry", name, (2048, 2048), target, function, layout=layout, spacing=spacing, rivals=(), beside=3
            )
    for spacing in (fields.curvilinear, fields.riemannian):
        yield Job(
            "geometry",
            f"directional derivative 2048² float64, out, {spacing.__name__}",
            (2048, 2048),
            {"copy": 0.6},
            ours.along_diagonal,
            spacing=spacing,
            rivals=(),
            options={"direction": (1, 2)},
            beside=3,
        )
    for shape, size in ((plane, "4096²"), (cube, "192³")):
        yield Job(
            "geometry",
            f"gradient {size} float64, out, 30 % absent",
            shape,
            half,
            ours.gradient_at_sea,
            against_plain=True,
            rivals=(),
        )
    for function, layout in (("laplacian", fields.dense), ("divergence", fields.vectors), ("curl", fields.vectors)):
        for spacing in (fields.spherical, fields.shell):
            name = f"{function} 192³ float64, out, {spacing.__name__}"
            by = (geometry_rivals.py_pde,) if function == "laplacian" else ()
            yield Job("geometry", name, cube, {"copy": 0.6}, function, layout=layout, spacing=spacing, rivals=by)
    for shape, size, spacing in ((plane, "4096²", fields.annulus), (cube, "192³", fields.cylindrical)):
        name = f"laplacian {size} float64, out, {spacing.__name__}"
        by = (geometry_rivals.py_pde,)
        yield Job("geometry", name, shape, {"copy": 0.5}, "laplacian", spacing=spacing, rivals=by)


def _products():
    """The gradient as an operator of linear algebra, and its adjoint, beside their matrices."""
    shape = _cube(128)
    for name, spacing, options in (
        ("unit spacing", fields.unit, {}),
        ("uneven coordinates", fields.uneven, {}),
        ("periodic", fields.unit, {"boundary": "periodic"}),
        ("accuracy 4", fields.unit, {"accuracy": 4}),
        ("shell", fields.shell, {}),  # at an origin rows of the matrix have a sample for every direction
    ):
        made = {"spacing": ours.linear(spacing, **options), "reuse": False}
        yield Job(
            "products",
            f"gradient operator 128³ float64, {name}",
            shape,
            {"sparse": 5},
            ours.product,
            rivals=(geometry_rivals.sparse,),
            **made,
        )
        yield Job(
            "products",
            f"its adjoint 128³ float64, {name}",
            shape,
            {"matvec": 1 / 1.5},
            ours.adjoint,
            layout=fields.vectors,
            rivals=(geometry_rivals.matvec, geometry_rivals.sparse),
            **made,
        )


def _sizes():
    for n in (8, 16, 32, 64, 128, 256, 512):
        targets = {"numpy": 1, "µs": 5} if n == 8 else {"numpy": 1}
        name = f"gradient {n}² float64, fresh"
        both = (rivals.numpy, rivals.findiff)
        yield Job("sizes", name, (n, n), targets, reuse=False, rivals=both, tiny=True)
    for n in (32, 64, 128, 512):
        yield Job("sizes", f"gradient {n}³ float64, fresh", _cube(n), reuse=False, tiny=n <= 64)


def _filters():
    """Sobel's filter and its like."""
    for dtype, word in (("f4", "float32"), ("u1", "uint8")):
        photo = {"shape": (4096, 4096), "dtype": dtype, "layout": fields.photograph}
        for function in ("sobel", "scharr"):
            for fresh in (False, True):
                yield Job(
                    "filters",
                    f"{function} 4096² {word}, {'fresh' if fresh else 'out'}",
                    targets={"opencv": 5, "scikit-image": 20} | ({} if fresh else {"copy": 0.6}),
                    function=function,
                    reuse=not fresh,
                    rivals=(edge_rivals.opencv, edge_rivals.scikit_image),
                    **photo,
                )
    for axis in range(2):
        yield Job(
            "filters",
            f"sobel 4096² float32, axis {axis}, out",
            (4096, 4096),
            {"opencv": 1, "scipy": 10},
            "sobel",
            dtype="f4",
            layout=fields.photograph,
            options={"axis": axis, "normalize": "scipy"},
            rivals=(edge_rivals.opencv, edge_rivals.scipy),
        )


def _gaussians():
    for shape, name, others in (
        ((4096, 4096), "4096²", (edge_rivals.scipy, edge_rivals.opencv)),
        (_cube(256), "256³", (edge_rivals.scipy,)),
    ):
        for sigma in (1, 2, 4, 8):
            yield Job(
                "gaussians",
                f"gaussian gradient magnitude {name} float32, sigma {sigma}, out",
                shape,
                {"scipy": 20} | ({"opencv": 1} if len(shape) == 2 else {}) | ({"one-worker": 1.7} if sigma > 2 else {}),
                "gaussian_gradient_magnitude",
                dtype="f4",
                layout=fields.photograph if len(shape) == 2 else fields.volume,
                options={"sigma": sigma},
                rivals=(*others, edge_rivals.one_worker) if sigma > 2 else others,
            )


def _tensors():
    for shape, name, layout in (
        ((2048, 2048), "2048²", fields.photograph),
        (_cube(128), "128³", fields.volume),
    ):
        for dtype in ("f4", "f8"):
            yield Job(
                "tensors",
                f"structure tensor {name} float{8 * int(dtype[1])}, sigma 1.5, fresh",
                shape,
                {"scikit-image": 10},
                "structure_tensor",
                dtype=dtype,
                layout=layout,
                options={"sigma": 1.5},
                reuse=False,
                rivals=(edge_rivals.scikit_image,),
            )
    yield Job(
        "tensors",
        "color gradient 2048² × 3 float32, fresh",
        (2048, 2048, 3),
        {"numpy": 10},
        "color_gradient",
        dtype="f4",
        layout=fields.colours,
        reuse=False,
        rivals=(edge_rivals.numpy,),
    )


def _canny():
    for n in (2048, 4096):
        for dtype, word in (("f4", "float32"), ("u1", "uint8")):
            for sigma in (1, 2, 3):
                yield Job(
                    "canny",
                    f"canny {n}² {word}, sigma {sigma}",
                    (n, n),
                    {"scikit-image": 50, "opencv": 1},
                    "canny",
                    dtype=dtype,
                    layout=fields.photograph,
                    options={"sigma": sigma},
                    reuse=False,
                    rivals=(edge_rivals.opencv, edge_rivals.scikit_image),
                )
    yield Job(
        "canny",
        "canny 256³ float32, sigma 1.5",
        _cube(256),
        {"scipy": 20},
        "canny",
        dtype="f4",
        layout=fields.volume,
        options={"sigma": 1.5},
        reuse=False,
        rivals=(edge_rivals.scipy,),
    )


def _critical_points():
    """Beside one gradient of the same field: everything included, from the samples to the table."""
    both = (spline_rivals.numpy, spline_rivals.one_worker)
    for shape, name in ((_cube(256), "256³"), ((2048, 2048), "2048²")):
        yield Job(
            "critical",
            f"critical points {name} float64, smooth",
            shape,
            {"numpy": 1 / 8},
            ours.critical_points,
            layout=fields.waves,
            reuse=False,
            rivals=both,
        )
    yield Job(
        "critical",
        "critical points 256³ float64, smooth, one worker",
        _cube(256),
        {"M/s per worker": 30},
        ours.critical_points,
        layout=fields.waves,
        options={"workers": 1},
        reuse=False,
        rivals=(spline_rivals.numpy,),
        rate=True,
    )
    yield Job(
        "critical",
        "critical points 64³ float64, white noise",
        _cube(64),
        {},
        ours.critical_points,
        layout=fields.noise,
        reuse=False,
        rivals=(spline_rivals.numpy,),
        rate=True,
    )
    yield Job(
        "critical",
        "critical points 256³ float64, linear, persistence",
        _cube(256),
        {"numpy": 1 / 15},
        ours.critical_points,
        layout=fields.waves,
        options={"method": "linear", "persistence": True},
        reuse=False,
        rivals=both,
    )


def _splines():
    yield Job(
        "splines",
        "spline coefficients 256³ float64",
        _cube(256),
        {"numpy": 1 / 3},
        ours.spline_coefficients,
        layout=fields.centred,
        reuse=False,
        rivals=(
            spline_rivals.numpy,
            spline_rivals.make_interp_spline,
            spline_rivals.spline_filter,
            spline_rivals.one_worker,
        ),
    )
    at_points = {"shape": (1_000_000,), "layout": fields.points, "reuse": False}
    yield Job(
        "splines",
        "values at 10⁶ points in 128³ float64",
        targets={"map-coordinates": 1},
        function=ours.values,
        rivals=(spline_rivals.map_coordinates, spline_rivals.one_worker),
        **at_points,
    )
    yield Job(
        "splines",
        "values and gradients at 10⁶ points in 128³ float64",
        targets={"map-coordinates": 1},
        function=ours.gradients,
        rivals=(spline_rivals.map_coordinates, spline_rivals.NdBSpline, spline_rivals.one_worker),
        **at_points,
    )


JOBS: tuple[Job, ...] = (
    *_gradients(),
    *_reductions(),
    *_layouts(),
    *_stencils(),
    *_operators(),
    *_geometry(),
    *_products(),
    *_sizes(),
    *_filters(),
    *_gaussians(),
    *_tensors(),
    *_canny(),
    *_critical_points(),
    *_splines(),
)
