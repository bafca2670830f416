"""The README's code runs as it stands, one block after the other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from .server import Server

README = Path(__file__).parents[1] / "README.md"


def test_the_code_of_the_readme_runs(server: Server) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.S)
    assert len(blocks) >= 5
    names: dict[str, Any] = {}
    for block in blocks:
        code = block.replace("127.0.0.1:5679", server.address("grpc")).replace("http://127.0.0.1:5678", server.address("rest"))
        exec(compile(code, str(README), "exec"), names)
