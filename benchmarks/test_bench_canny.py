import pytest

from .suite import contenders, run


@pytest.mark.parametrize(**contenders("canny"))
def test_bench_canny(benchmark, job, contender):
    run(benchmark, job, contender)
