import pytest

from .suite import contenders, run


@pytest.mark.parametrize(**contenders("critical"))
def test_bench_critical(benchmark, job, contender):
    run(benchmark, job, contender)
