"""What tests rely on when they start servers of their own."""

from __future__ import annotations

import os
import random

import pytest

from .server import CLAIMS, free_port


def test_a_port_that_another_process_was_given_is_given_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    claimed = free_port()
    free = free_port()
    (CLAIMS / str(free)).unlink()
    monkeypatch.setattr(random, "sample", lambda *_: [claimed, free])
    assert free_port() == free
    assert (CLAIMS / str(free)).read_text() == str(os.getpid())
