"""
Filters: `{"year": {"$gte": 2020}, "$or": [{"lang": "de"}, {"tags": {"$in": ["a", "b"]}}]}`, as `docs/api.md` has them.
An object is the conjunction of its entries, a bare value means `$eq`, dots in a path lead into nested maps. A dot, a
backslash or a leading `$` that belongs to a key has a backslash before it. `$timestamp` is the record's own, in µs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from .errors import InvalidArgument, invalid
from .v1 import proximadb_pb2 as pb

Filter: TypeAlias = Mapping[str, Any]

_operators = {
    "$eq": pb.FILTER_OPERATOR_EQ, "$ne": pb.FILTER_OPERATOR_NE, "$gt": pb.FILTER_OPERATOR_GT, "$gte": pb.FILTER_OPERATOR_GTE,
    "$lt": pb.FILTER_OPERATOR_LT, "$lte": pb.FILTER_OPERATOR_LTE, "$in": pb.FILTER_OPERATOR_IN, "$nin": pb.FILTER_OPERATOR_NIN,
    "$exists": pb.FILTER_OPERATOR_EXISTS, "$contains": pb.FILTER_OPERATOR_CONTAINS,
    "$startsWith": pb.FILTER_OPERATOR_STARTS_WITH,
}  # fmt: skip
_timestamp = "$timestamp"
_names = {operator: name for name, operator in _operators.items()}
_of_many = (pb.FILTER_OPERATOR_IN, pb.FILTER_OPERATOR_NIN)
_ordering = (pb.FILTER_OPERATOR_GT, pb.FILTER_OPERATOR_GTE, pb.FILTER_OPERATOR_LT, pb.FILTER_OPERATOR_LTE)


def filter_message(given: Filter, place: str = "filter") -> pb.Filter:
    """
    Its limits (depth, nodes, values) are the server's.

    :raises InvalidArgument: whose field names the place: `filter.$or[1].year.$gte`.
    """
    if not isinstance(given, Mapping):
        raise _fault(f"must be a mapping, not {_kind(given)}", place)
    parts = [part for key, value in given.items() for part in _entry(key, value, place)]
    return parts[0] if len(parts) == 1 else _combination(pb.COMBINATION_OPERATOR_AND, parts)


def _entry(key: object, value: object, place: str) -> Iterator[pb.Filter]:
    here = f"{place}.{key}"
    if not isinstance(key, str):
        raise _fault(f"a path is a string, not {_kind(key)}", here)
    if key in ("$and", "$or"):
        if not isinstance(value, (list, tuple)):
            raise _fault(f"must be a list of filters, not {_kind(value)}", here)
        operator = pb.COMBINATION_OPERATOR_AND if key == "$and" else pb.COMBINATION_OPERATOR_OR
        yield _combination(operator, [filter_message(each, f"{here}[{index}]") for index, each in enumerate(value)])
    elif key == "$not":
        yield pb.Filter(**{"not": filter_message(value, here)})  # type: ignore[arg-type]
    elif key == _timestamp:
        yield from _conditions([key], value, here)
    elif key.startswith("$"):
        below = f"; {key} stands below a path" if key in _operators else ""
        raise _fault(f"is no operator here; there are $and, $or, $not and the path $timestamp{below}", here)
    else:
        yield from _conditions(_path(key, here), value, here)


def _conditions(path: Sequence[str], value: object, place: str) -> Iterator[pb.Filter]:
    if not isinstance(value, Mapping):
        if isinstance(value, (list, tuple)):
            raise _fault("a list is no value to compare with; use $in for one of several, $contains for an element", place)
        yield _comparison(path, pb.FILTER_OPERATOR_EQ, [_scalar(value, place)])
        return
    if not value:
        raise _fault("has no operator", place)
    for name, operand in value.items():
        here = f"{place}.{name}"
        operator = _operators.get(name)
        if operator is not None:
            yield _comparison(path, operator, _operands(operator, operand, here))
        elif isinstance(name, str) and name.startswith("$"):
            raise _fault(f"is no operator; there are {' '.join(_operators)}", here)
        else:
            nested = ".".join((*path, str(name)))
            raise _fault(f'an operator is expected; a nested key is reached with a dot: "{nested}"', here)


def _operands(operator: pb.FilterOperator, given: object, place: str) -> list[pb.FilterValue]:
    if operator in _of_many:
        if isinstance(given, np.ndarray):
            given = given.tolist()
        if not isinstance(given, (list, tuple, set, frozenset)):
            raise _fault(f"must be a list, not {_kind(given)}", place)
        return [_scalar(each, f"{place}[{index}]") for index, each in enumerate(given)]
    value = _scalar(given, place)
    kind = value.WhichOneof("value")
    if operator == pb.FILTER_OPERATOR_EXISTS and kind != "boolean":
        raise _fault(f"must be True or False, not {_kind(given)}", place)
    if operator == pb.FILTER_OPERATOR_STARTS_WITH and kind != "string":
        raise _fault(f"must be a string, not {_kind(given)}", place)
    if operator in _ordering and kind not in ("long", "double", "string"):
        raise _fault(f"must be a number or a string, not {_kind(given)}", place)
    return [value]


def _scalar(given: object, place: str) -> pb.FilterValue:
    if isinstance(given, np.generic):
        given = given.item()
    if given is None:
        return pb.FilterValue(null_value=pb.NullValue())
    if isinstance(given, bool):
        return pb.FilterValue(boolean=given)
    if isinstance(given, str):
        return pb.FilterValue(string=given)
    if isinstance(given, int):
        if not -(2**63) <= given < 2**63:
            raise _fault("an integer takes more than 64 bits; write it with a fraction (1.0)", place)
        return pb.FilterValue(long=given)
    if isinstance(given, float):
        if not math.isfinite(given):
            raise _fault("must be finite", place)
        return pb.FilterValue(double=given)
    raise _fault(f"must be a string, a number, a boolean or None, not {_kind(given)}", place)


def _path(text: str, place: str) -> list[str]:
    """Keys between dots; a backslash takes the next character as it is."""
    path = [""]
    characters = iter(text)
    for character in characters:
        if character == ".":
            path.append("")
        elif character != "\\":
            path[-1] += character
        else:
            escaped = next(characters, None)
            if escaped is None:
                raise _fault("ends with a backslash", place)
            path[-1] += escaped
    if "" in path:
        raise _fault("a key of the path is empty", place)
    return path


def _comparison(path: Sequence[str], operator: pb.FilterOperator, values: Sequence[pb.FilterValue]) -> pb.Filter:
    return pb.Filter(comparison=pb.Comparison(path=path, operator=operator, values=values))


def _combination(operator: pb.CombinationOperator, filters: Sequence[pb.Filter]) -> pb.Filter:
    return pb.Filter(combination=pb.Combination(operator=operator, filters=filters))


def filter_json(message: pb.Filter) -> dict[str, Any]:
    """The JSON form that :func:`filter_message` reads as the same filter."""
    node = message.WhichOneof("node")
    if node == "not":
        return {"$not": filter_json(getattr(message, "not"))}
    if node == "combination":
        name = "$and" if message.combination.operator == pb.COMBINATION_OPERATOR_AND else "$or"
        return {name: [filter_json(each) for each in message.combination.filters]}
    path, operator = message.comparison.path, message.comparison.operator
    values = [_scalar_json(value) for value in message.comparison.values]
    name = _timestamp if list(path) == [_timestamp] else ".".join(map(_escaped, path, range(len(path))))
    return {name: {_names[operator]: values if operator in _of_many else values[0]}}


def _escaped(key: str, position: int) -> str:
    escaped = key.replace("\\", "\\\\").replace(".", "\\.")
    return "\\" + escaped if position == 0 and escaped.startswith("$") else escaped


def _scalar_json(value: pb.FilterValue) -> object:
    kind = value.WhichOneof("value")
    return None if kind in (None, "null_value") else getattr(value, kind)


def _fault(reason: str, field: str) -> InvalidArgument:
    return invalid(reason, field=field)


def _kind(given: object) -> str:
    return "None" if given is None else type(given).__name__
