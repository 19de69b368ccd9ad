import pytest

from .suite import contenders, run


@pytest.mark.parametrize(**contenders("reductions"))
def test_bench_reductions(benchmark, job, contender):
    run(benchmark, job, contender)
