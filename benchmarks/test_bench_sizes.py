import pytest

from .suite import contenders, run


@pytest.mark.parametrize(**contenders("sizes"))
def test_bench_sizes(benchmark, job, contender):
    run(benchmark, job, contender)
