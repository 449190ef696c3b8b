import sys
from pathlib import Path

import pytest

from project.stack.children import Plan
from project.stack.console import Console
from project.stack.errors import StackError
from project.stack.life import SignOfLife
from project.stack.supervisor import Supervisor


def test_a_child_that_stands_still_stops_everything(tmp_path: Path) -> None:
    sign = tmp_path / "alive"
    code = f"import pathlib, time; pathlib.Path({str(sign)!r}).touch(); print('up', flush=True); time.sleep(60)"
    supervisor = Supervisor(Console(sys.stdout))
    plan = Plan("still", [sys.executable, "-c", code], is_ready=sign.exists, is_well=SignOfLife(sign, within=0.2))
    try:
        supervisor.wait_until_ready([supervisor.start(plan)])
        with pytest.raises(StackError, match="still lives but gives no sign of life"):
            supervisor.watch()
    finally:
        supervisor.stop(are_last=lambda _: False)


def test_a_sign_counts_from_when_it_was_seen(tmp_path: Path) -> None:
    now, sign = [0.0], tmp_path / "alive"
    is_well = SignOfLife(sign, within=60, clock=lambda: now[0])
    now[0] = 1000
    assert is_well(), "it has not begun"
    sign.touch()
    assert is_well()
    now[0] += 59
    assert is_well()
    now[0] += 1
    assert not is_well()
    sign.unlink()
    sign.touch()
    assert is_well()
