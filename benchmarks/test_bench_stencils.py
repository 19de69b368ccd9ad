import pytest

from .suite import contenders, run


@pytest.mark.parametrize(**contenders("stencils"))
def test_bench_stencils(benchmark, job, contender):
    run(benchmark, job, contender)
