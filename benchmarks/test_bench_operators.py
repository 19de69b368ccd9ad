import pytest

from .suite import contenders, run


@pytest.mark.parametrize(**contenders("operators"))
def test_bench_operators(benchmark, job, contender):
    run(benchmark, job, contender)
