import pytest

from .suite import contenders, run


@pytest.mark.parametrize(**contenders("splines"))
def test_bench_splines(benchmark, job, contender):
    run(benchmark, job, contender)
