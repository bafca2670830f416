"""A real server in a process of its own."""

from __future__ import annotations

import atexit
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
NODE = os.environ.get("PROXIMADB_TEST_NODE", "node")


class Server:
    """`proximadb start` on a folder. It keeps its ports over a restart, so that a client finds it again."""

    def __init__(self, data: Path, flags: Sequence[str] = ()) -> None:
        self._data = data
        self._flags = flags
        self._ports = {"gRPC": free_port(), "REST": free_port()}
        self._start()

    @property
    def data(self) -> Path:
        return self._data

    def address(self, transport: str) -> str:
        return f"127.0.0.1:{self._ports['gRPC']}" if transport == "grpc" else f"http://127.0.0.1:{self._ports['REST']}"

    def _start(self) -> None:
        ports = ["--grpc-port", str(self._ports["gRPC"]), "--rest-port", str(self._ports["REST"])]
        # Where there is this tool, it ends with the tests even if they are killed.
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        start = ["--no-warnings", str(REPOSITORY / "cli/src/main.ts"), "start", "--data", str(self._data)]
        command = [*guard, NODE, *start, *ports, *self._flags]
        # What a developer has set must not reach what is under test.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PROXIMADB_", "NODE_OPTIONS"))}
        self._process = subprocess.Popen(command, env={**environment, "NO_COLOR": "1"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        end = time.monotonic() + 60
        while len(found := dict(re.findall(r"(REST|gRPC)\s+(?:http://)?[^:\s]+:(\d+)", self._output))) < 2:
            assert self._process.poll() is None, f"the server ended:\n{self._all_output()}"
            assert time.monotonic() < end, f"the server is not ready:\n{self._output}"
            time.sleep(0.01)
        self._ports = {name: int(port) for name, port in found.items()}

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._output += re.sub(r"\x1b\[[0-9;]*m", "", line.decode())

    def _all_output(self) -> str:
        self._reader.join(5)
        return self._output

    def stop(self) -> None:
        """As an operator does."""
        self._end(signal.SIGTERM)
        assert self._process.returncode == 0, self._all_output()

    def kill(self) -> None:
        """As a power cut does."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        self._process.send_signal(how)
        self._process.wait(60)
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def start_again(self) -> None:
        self._start()


# Where `test/cluster/ports.ts` notes who was given a port: until a server listens, tests of other processes would be given it, too.
CLAIMS = Path(tempfile.gettempdir()) / f"proximadb-ports-{os.getuid()}"


def free_port() -> int:
    """
    One that the system gives to no client: to a port of a server that is away, of those it does, a client that tries to connect again
    and again would in the end connect to itself, and take it. It is this process's until that ends.
    """
    CLAIMS.mkdir(exist_ok=True)
    for port in random.sample(range(15_000, 30_000), 100):
        claim = CLAIMS / str(port)
        try:
            with claim.open("x") as file:
                file.write(str(os.getpid()))
        except FileExistsError:
            continue
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                claim.unlink()
                continue
        atexit.register(claim.unlink, missing_ok=True)
        return port
    raise AssertionError("no port is free")
