import pytest

from .suite import contenders, run


@pytest.mark.parametrize(**contenders("gradient"))
def test_bench_gradient(benchmark, job, contender):
    run(benchmark, job, contender)
