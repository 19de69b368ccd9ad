import pytest

from .suite import contenders, run


@pytest.mark.parametrize(**contenders("gaussians"))
def test_bench_gaussians(benchmark, job, contender):
    run(benchmark, job, contender)
