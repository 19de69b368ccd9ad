import pytest

from .suite import contenders, run


@pytest.mark.parametrize(**contenders("geometry"))
def test_bench_geometry(benchmark, job, contender):
    run(benchmark, job, contender)
