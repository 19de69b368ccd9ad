import pytest

from .suite import contenders, run


@pytest.mark.parametrize(**contenders("filters"))
def test_bench_filters(benchmark, job, contender):
    run(benchmark, job, contender)
