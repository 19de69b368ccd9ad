"""Session settings: workers, instruction sets, and what show_config tells."""

import os
import threading

import pytest

import fieldgrad as fg
from fieldgrad._engine import core
from helpers import FUNCTIONS, output_of, run_python

GET_WORKERS = "import fieldgrad; print(fieldgrad.get_workers())"
ISAS = ("baseline", "avx2", "avx512", "neon")


@pytest.fixture
def session():
    """Leaves the session's default as it was."""
    before = fg.get_workers()
    yield
    fg.set_workers(before)


def test_set_workers_holds_for_the_session(session):
    for n in (3, 1, 17):
        fg.set_workers(n)
        assert fg.get_workers() == n


def test_set_workers_holds_for_a_block(session):
    fg.set_workers(2)
    with fg.set_workers(5):
        assert fg.get_workers() == 5
        with fg.set_workers(1):
            assert fg.get_workers() == 1
        assert fg.get_workers() == 5
    assert fg.get_workers() == 2


def test_set_workers_is_undone_by_an_exception(session):
    fg.set_workers(2)
    with pytest.raises(KeyError), fg.set_workers(5):
        raise KeyError
    assert fg.get_workers() == 2


def test_session_default_reaches_other_threads(session):
    fg.set_workers(6)
    seen = []
    thread = threading.Thread(target=lambda: seen.append(fg.get_workers()))
    thread.start()
    thread.join()
    assert seen == [6]


@pytest.mark.parametrize("workers", (0, -1, 1.5, "2", True, None))
def test_set_workers_takes_positive_integers(session, workers):
    before = fg.get_workers()
    with pytest.raises((TypeError, ValueError), match="workers"):
        fg.set_workers(workers)
    assert fg.get_workers() == before


def test_environment_sets_the_number_of_workers():
    for n in ("1", "3"):
        assert output_of(GET_WORKERS, FIELDGRAD_WORKERS=n) == n


@pytest.mark.parametrize("value", ("0", "-1", "many", "1.5"))
def test_environment_with_a_wrong_number_of_workers_is_an_error(value):
    child = run_python(GET_WORKERS, FIELDGRAD_WORKERS=value)
    assert child.returncode != 0
    assert "FIELDGRAD_WORKERS" in child.stderr
    assert value in child.stderr


@pytest.mark.linux
def test_default_is_the_cores_that_affinity_leaves():
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n" + GET_WORKERS
    assert output_of(code, FIELDGRAD_WORKERS="") == "1"
    assert 1 <= int(output_of(GET_WORKERS, FIELDGRAD_WORKERS="")) <= len(os.sched_getaffinity(0))


def test_every_available_instruction_set_can_be_forced():
    code = "from fieldgrad._engine import core; print(core.current_isa())"
    for isa in core.available_isas():
        assert output_of(code, FIELDGRAD_ISA=isa) == isa


def test_unknown_instruction_set_lists_the_choices():
    child = run_python("import fieldgrad", FIELDGRAD_ISA="sse9")
    assert child.returncode != 0
    assert "FIELDGRAD_ISA" in child.stderr
    assert "sse9" in child.stderr
    for isa in core.available_isas():
        assert isa in child.stderr


def test_baseline_is_always_available():
    assert "baseline" in core.available_isas()
    assert set(core.available_isas()) <= set(ISAS)
    assert core.current_isa() in core.available_isas()


def test_switching_to_an_unknown_instruction_set_changes_nothing():
    before = core.current_isa()
    with pytest.raises(ValueError, match="sse9"):
        core.use_isa("sse9")
    assert core.current_isa() == before


def test_show_config_prints(capsys):
    assert fg.show_config() is None
    printed = capsys.readouterr().out
    for word in (core.current_isa(), *core.available_isas(), "numpy", "workers"):
        assert word in printed


def test_show_config_gives_dicts(capsys):
    config = fg.show_config(mode="dicts")
    assert isinstance(config, dict)
    assert core.current_isa() in str(config)
    assert capsys.readouterr().out == ""


def test_show_config_knows_two_modes():
    with pytest.raises(ValueError, match="mode"):
        fg.show_config(mode="yaml")


def test_public_names_are_documented():
    for function in (*FUNCTIONS, fg.Grid, fg.Grid.cartesian, fg.set_workers, fg.get_workers, fg.show_config):
        assert function.__doc__.strip()


def test_every_public_name_can_be_had():
    code = """
import fieldgrad
assert set(fieldgrad.__all__) <= set(dir(fieldgrad))
for name in fieldgrad.__all__:
    assert getattr(fieldgrad, name).__module__.startswith("fieldgrad"), name
from fieldgrad import *
print(canny.__name__, sorted(set(fieldgrad.__all__) - set(globals())))
"""
    assert output_of(code).strip() == "canny []"
    with pytest.raises(AttributeError, match="no attribute 'grdient'"):
        fg.grdient  # noqa: B018


def test_importing_takes_in_no_more_than_what_is_used():
    code = "import fieldgrad, sys; print({'scipy', 'concurrent', 'fieldgrad.critical'} & set(sys.modules))"
    assert output_of(code).strip() == "set()"
