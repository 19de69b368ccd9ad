import pytest

from .suite import contenders, run


@pytest.mark.parametrize(**contenders("products"))
def test_bench_products(benchmark, job, contender):
    run(benchmark, job, contender)
