import pytest

from .suite import contenders, run


@pytest.mark.parametrize(**contenders("tensors"))
def test_bench_tensors(benchmark, job, contender):
    run(benchmark, job, contender)
