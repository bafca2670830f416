"""What is promised of the package as a whole: the same methods in both clients, all of the API, and every field of its answers."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Hashable
from typing import Any, cast

import pytest
from google.protobuf.descriptor import Descriptor

import proximadb
from proximadb import methods, results
from proximadb.methods import Method
from proximadb.v1 import proximadb_pb2 as pb

from .server import REPOSITORY

METHODS = [each for each in vars(methods).values() if isinstance(each, Method)]


def names_of(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_both_clients_have_the_same_methods_with_the_same_parameters() -> None:
    for blocking, awaited in ((proximadb.Database, proximadb.AsyncDatabase), (proximadb.Collection, proximadb.AsyncCollection)):
        assert names_of(blocking) == names_of(awaited)
        for name in names_of(blocking) - {"collection", "close", "token"}:
            assert inspect.signature(getattr(blocking, name)) == inspect.signature(getattr(awaited, name)), name
            assert getattr(blocking, name).__doc__, name


def test_every_unary_method_of_the_api_can_be_called_by_its_route() -> None:
    service = pb.DESCRIPTOR.services_by_name["ProximaDB"]
    unary = {each.name: (each.input_type.name, each.output_type.name) for each in service.methods if not each.client_streaming}
    assert {each.name: (each.request.DESCRIPTOR.name, each.response.DESCRIPTOR.name) for each in METHODS} == unary
    paths = json.loads((REPOSITORY / "schemas/gen/openapi.json").read_text())["paths"]
    for method in METHODS:
        assert method.verb.lower() in paths[method.path], method.name


ANSWERS: list[tuple[type[Any], Any]] = [
    (results.CollectionInfo, pb.Collection), (results.Reindex, pb.Reindex), (results.Stats, pb.StatsResponse),
    (results.Verification, pb.VerifyResponse), (results.Diagnosis, pb.DiagnoseResponse), (results.Explain, pb.Explain),
    (results.Coverage, pb.Coverage),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "message"), ANSWERS, ids=[kind.__name__ for kind, _ in ANSWERS])
def test_an_answer_has_every_field_of_its_message(kind: type[Any], message: Any) -> None:
    compare(kind, message.DESCRIPTOR)


def compare(kind: type[Any], descriptor: Descriptor) -> None:
    assert {field.name for field in dataclasses.fields(kind)} == {field.name for field in descriptor.fields}, descriptor.name
    for name, inner in results._plan(cast("Hashable", kind)):
        if inner is not None:
            below = descriptor.fields_by_name[name].message_type
            assert below is not None
            compare(inner, below)


def test_the_version_is_that_of_the_repository() -> None:
    version = json.loads((REPOSITORY / "package.json").read_text())["version"]
    assert proximadb.__version__ == version
    assert f'version = "{version}"' in (REPOSITORY / "clients/python/pyproject.toml").read_text()
