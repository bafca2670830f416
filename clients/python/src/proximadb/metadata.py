"""What metadata can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, Union

#: None, booleans, whole numbers of 64 bits (exact), doubles, strings, bytes, lists and maps of these. numpy's scalars are
#: taken for what they hold.
MetadataValue: TypeAlias = Union[None, bool, int, float, str, bytes, Sequence["MetadataValue"], Mapping[str, "MetadataValue"]]
Metadata: TypeAlias = Mapping[str, MetadataValue]
