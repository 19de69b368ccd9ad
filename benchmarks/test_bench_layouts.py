import pytest

from .suite import contenders, run


@pytest.mark.parametrize(**contenders("layouts"))
def test_bench_layouts(benchmark, job, contender):
    run(benchmark, job, contender)
