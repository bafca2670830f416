from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Metric(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    METRIC_COSINE: _ClassVar[Metric]
    METRIC_DOT: _ClassVar[Metric]
    METRIC_EUCLIDEAN: _ClassVar[Metric]
    METRIC_MANHATTAN: _ClassVar[Metric]

class IndexKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INDEX_KIND_HNSW: _ClassVar[IndexKind]
    INDEX_KIND_FLAT: _ClassVar[IndexKind]
    INDEX_KIND_IVF: _ClassVar[IndexKind]

class Quantization(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUANTIZATION_F32: _ClassVar[Quantization]
    QUANTIZATION_BF16: _ClassVar[Quantization]
    QUANTIZATION_I8: _ClassVar[Quantization]
    QUANTIZATION_B1: _ClassVar[Quantization]

class StorageKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STORAGE_KIND_MEMORY: _ClassVar[StorageKind]
    STORAGE_KIND_DISK: _ClassVar[StorageKind]

class FilterOperator(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FILTER_OPERATOR_EQ: _ClassVar[FilterOperator]
    FILTER_OPERATOR_NE: _ClassVar[FilterOperator]
    FILTER_OPERATOR_GT: _ClassVar[FilterOperator]
    FILTER_OPERATOR_GTE: _ClassVar[FilterOperator]
    FILTER_OPERATOR_LT: _ClassVar[FilterOperator]
    FILTER_OPERATOR_LTE: _ClassVar[FilterOperator]
    FILTER_OPERATOR_IN: _ClassVar[FilterOperator]
    FILTER_OPERATOR_NIN: _ClassVar[FilterOperator]
    FILTER_OPERATOR_EXISTS: _ClassVar[FilterOperator]
    FILTER_OPERATOR_CONTAINS: _ClassVar[FilterOperator]
    FILTER_OPERATOR_STARTS_WITH: _ClassVar[FilterOperator]

class CombinationOperator(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMBINATION_OPERATOR_AND: _ClassVar[CombinationOperator]
    COMBINATION_OPERATOR_OR: _ClassVar[CombinationOperator]

class Include(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INCLUDE_METADATA: _ClassVar[Include]
    INCLUDE_VECTOR: _ClassVar[Include]

class Consistency(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONSISTENCY_EVENTUAL: _ClassVar[Consistency]
    CONSISTENCY_SESSION: _ClassVar[Consistency]
    CONSISTENCY_BOUNDED: _ClassVar[Consistency]
    CONSISTENCY_STRONG: _ClassVar[Consistency]
METRIC_COSINE: Metric
METRIC_DOT: Metric
METRIC_EUCLIDEAN: Metric
METRIC_MANHATTAN: Metric
INDEX_KIND_HNSW: IndexKind
INDEX_KIND_FLAT: IndexKind
INDEX_KIND_IVF: IndexKind
QUANTIZATION_F32: Quantization
QUANTIZATION_BF16: Quantization
QUANTIZATION_I8: Quantization
QUANTIZATION_B1: Quantization
STORAGE_KIND_MEMORY: StorageKind
STORAGE_KIND_DISK: StorageKind
FILTER_OPERATOR_EQ: FilterOperator
FILTER_OPERATOR_NE: FilterOperator
FILTER_OPERATOR_GT: FilterOperator
FILTER_OPERATOR_GTE: FilterOperator
FILTER_OPERATOR_LT: FilterOperator
FILTER_OPERATOR_LTE: FilterOperator
FILTER_OPERATOR_IN: FilterOperator
FILTER_OPERATOR_NIN: FilterOperator
FILTER_OPERATOR_EXISTS: FilterOperator
FILTER_OPERATOR_CONTAINS: FilterOperator
FILTER_OPERATOR_STARTS_WITH: FilterOperator
COMBINATION_OPERATOR_AND: CombinationOperator
COMBINATION_OPERATOR_OR: CombinationOperator
INCLUDE_METADATA: Include
INCLUDE_VECTOR: Include
CONSISTENCY_EVENTUAL: Consistency
CONSISTENCY_SESSION: Consistency
CONSISTENCY_BOUNDED: Consistency
CONSISTENCY_STRONG: Consistency

class GetSchemaRequest(_message.Message):
    __slots__ = ("name", "id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    id: int
    def __init__(self, name: _Optional[str] = ..., id: _Optional[int] = ...) -> None: ...

class GetSchemaResponse(_message.Message):
    __slots__ = ("name", "id", "schema", "fingerprint")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    name: str
    id: int
    schema: str
    fingerprint: str
    def __init__(self, name: _Optional[str] = ..., id: _Optional[int] = ..., schema: _Optional[str] = ..., fingerprint: _Optional[str] = ...) -> None: ...

class StatsRequest(_message.Message):
    __slots__ = ("collection",)
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    collection: str
    def __init__(self, collection: _Optional[str] = ...) -> None: ...

class SegmentStats(_message.Message):
    __slots__ = ("id", "rows", "dead", "indexed", "bytes", "recall", "ef", "lists_read", "lists")
    ID_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    DEAD_FIELD_NUMBER: _ClassVar[int]
    INDEXED_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    RECALL_FIELD_NUMBER: _ClassVar[int]
    EF_FIELD_NUMBER: _ClassVar[int]
    LISTS_READ_FIELD_NUMBER: _ClassVar[int]
    LISTS_FIELD_NUMBER: _ClassVar[int]
    id: str
    rows: int
    dead: int
    indexed: bool
    bytes: int
    recall: float
    ef: int
    lists_read: int
    lists: int
    def __init__(self, id: _Optional[str] = ..., rows: _Optional[int] = ..., dead: _Optional[int] = ..., indexed: bool = ..., bytes: _Optional[int] = ..., recall: _Optional[float] = ..., ef: _Optional[int] = ..., lists_read: _Optional[int] = ..., lists: _Optional[int] = ...) -> None: ...

class MalformedRecord(_message.Message):
    __slots__ = ("offset", "reason")
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    offset: int
    reason: str
    def __init__(self, offset: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class DiskSpace(_message.Message):
    __slots__ = ("live_bytes", "dead_bytes", "space_amplification", "written_bytes", "sealed_bytes", "write_amplification")
    LIVE_BYTES_FIELD_NUMBER: _ClassVar[int]
    DEAD_BYTES_FIELD_NUMBER: _ClassVar[int]
    SPACE_AMPLIFICATION_FIELD_NUMBER: _ClassVar[int]
    WRITTEN_BYTES_FIELD_NUMBER: _ClassVar[int]
    SEALED_BYTES_FIELD_NUMBER: _ClassVar[int]
    WRITE_AMPLIFICATION_FIELD_NUMBER: _ClassVar[int]
    live_bytes: int
    dead_bytes: int
    space_amplification: float
    written_bytes: int
    sealed_bytes: int
    write_amplification: float
    def __init__(self, live_bytes: _Optional[int] = ..., dead_bytes: _Optional[int] = ..., space_amplification: _Optional[float] = ..., written_bytes: _Optional[int] = ..., sealed_bytes: _Optional[int] = ..., write_amplification: _Optional[float] = ...) -> None: ...

class PartitionStats(_message.Message):
    __slots__ = ("partition", "state", "reason", "start", "end", "watermark", "durable", "growing", "malformed", "segments", "ledger", "space")
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    WATERMARK_FIELD_NUMBER: _ClassVar[int]
    DURABLE_FIELD_NUMBER: _ClassVar[int]
    GROWING_FIELD_NUMBER: _ClassVar[int]
    MALFORMED_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    LEDGER_FIELD_NUMBER: _ClassVar[int]
    SPACE_FIELD_NUMBER: _ClassVar[int]
    partition: int
    state: str
    reason: str
    start: int
    end: int
    watermark: int
    durable: int
    growing: int
    malformed: int
    segments: _containers.RepeatedCompositeFieldContainer[SegmentStats]
    ledger: _containers.RepeatedCompositeFieldContainer[MalformedRecord]
    space: DiskSpace
    def __init__(self, partition: _Optional[int] = ..., state: _Optional[str] = ..., reason: _Optional[str] = ..., start: _Optional[int] = ..., end: _Optional[int] = ..., watermark: _Optional[int] = ..., durable: _Optional[int] = ..., growing: _Optional[int] = ..., malformed: _Optional[int] = ..., segments: _Optional[_Iterable[_Union[SegmentStats, _Mapping]]] = ..., ledger: _Optional[_Iterable[_Union[MalformedRecord, _Mapping]]] = ..., space: _Optional[_Union[DiskSpace, _Mapping]] = ...) -> None: ...

class StatsResponse(_message.Message):
    __slots__ = ("collection", "records", "growing", "sealed", "indexed", "building", "dead", "lag", "disk_bytes", "memory_bytes", "partitions", "space")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    GROWING_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    INDEXED_FIELD_NUMBER: _ClassVar[int]
    BUILDING_FIELD_NUMBER: _ClassVar[int]
    DEAD_FIELD_NUMBER: _ClassVar[int]
    LAG_FIELD_NUMBER: _ClassVar[int]
    DISK_BYTES_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    SPACE_FIELD_NUMBER: _ClassVar[int]
    collection: str
    records: int
    growing: int
    sealed: int
    indexed: int
    building: int
    dead: int
    lag: int
    disk_bytes: int
    memory_bytes: int
    partitions: _containers.RepeatedCompositeFieldContainer[PartitionStats]
    space: DiskSpace
    def __init__(self, collection: _Optional[str] = ..., records: _Optional[int] = ..., growing: _Optional[int] = ..., sealed: _Optional[int] = ..., indexed: _Optional[int] = ..., building: _Optional[int] = ..., dead: _Optional[int] = ..., lag: _Optional[int] = ..., disk_bytes: _Optional[int] = ..., memory_bytes: _Optional[int] = ..., partitions: _Optional[_Iterable[_Union[PartitionStats, _Mapping]]] = ..., space: _Optional[_Union[DiskSpace, _Mapping]] = ...) -> None: ...

class VerifyRequest(_message.Message):
    __slots__ = ("collection",)
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    collection: str
    def __init__(self, collection: _Optional[str] = ...) -> None: ...

class VerifiedReplica(_message.Message):
    __slots__ = ("member", "group", "reason", "mark_sum", "records", "sum")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MARK_SUM_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    SUM_FIELD_NUMBER: _ClassVar[int]
    member: str
    group: int
    reason: str
    mark_sum: str
    records: int
    sum: str
    def __init__(self, member: _Optional[str] = ..., group: _Optional[int] = ..., reason: _Optional[str] = ..., mark_sum: _Optional[str] = ..., records: _Optional[int] = ..., sum: _Optional[str] = ...) -> None: ...

class HeldVersion(_message.Message):
    __slots__ = ("member", "version", "checksum")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    member: str
    version: str
    checksum: str
    def __init__(self, member: _Optional[str] = ..., version: _Optional[str] = ..., checksum: _Optional[str] = ...) -> None: ...

class Difference(_message.Message):
    __slots__ = ("id", "held")
    ID_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    id: str
    held: _containers.RepeatedCompositeFieldContainer[HeldVersion]
    def __init__(self, id: _Optional[str] = ..., held: _Optional[_Iterable[_Union[HeldVersion, _Mapping]]] = ...) -> None: ...

class VerifiedPartition(_message.Message):
    __slots__ = ("partition", "verdict", "mark", "at", "replicas", "differences", "differing")
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    MARK_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    REPLICAS_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    DIFFERING_FIELD_NUMBER: _ClassVar[int]
    partition: int
    verdict: str
    mark: int
    at: int
    replicas: _containers.RepeatedCompositeFieldContainer[VerifiedReplica]
    differences: _containers.RepeatedCompositeFieldContainer[Difference]
    differing: int
    def __init__(self, partition: _Optional[int] = ..., verdict: _Optional[str] = ..., mark: _Optional[int] = ..., at: _Optional[int] = ..., replicas: _Optional[_Iterable[_Union[VerifiedReplica, _Mapping]]] = ..., differences: _Optional[_Iterable[_Union[Difference, _Mapping]]] = ..., differing: _Optional[int] = ...) -> None: ...

class VerifyResponse(_message.Message):
    __slots__ = ("collection", "verdict", "partitions")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    collection: str
    verdict: str
    partitions: _containers.RepeatedCompositeFieldContainer[VerifiedPartition]
    def __init__(self, collection: _Optional[str] = ..., verdict: _Optional[str] = ..., partitions: _Optional[_Iterable[_Union[VerifiedPartition, _Mapping]]] = ...) -> None: ...

class DiagnoseRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Finding(_message.Message):
    __slots__ = ("severity", "what", "where", "since", "who", "advice")
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    WHERE_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    WHO_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    severity: str
    what: str
    where: str
    since: int
    who: str
    advice: str
    def __init__(self, severity: _Optional[str] = ..., what: _Optional[str] = ..., where: _Optional[str] = ..., since: _Optional[int] = ..., who: _Optional[str] = ..., advice: _Optional[str] = ...) -> None: ...

class KnownMember(_message.Message):
    __slots__ = ("id", "kind", "group", "address")
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    id: str
    kind: str
    group: int
    address: str
    def __init__(self, id: _Optional[str] = ..., kind: _Optional[str] = ..., group: _Optional[int] = ..., address: _Optional[str] = ...) -> None: ...

class DiagnoseResponse(_message.Message):
    __slots__ = ("findings", "members")
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    members: _containers.RepeatedCompositeFieldContainer[KnownMember]
    def __init__(self, findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ..., members: _Optional[_Iterable[_Union[KnownMember, _Mapping]]] = ...) -> None: ...

class ErrorDetail(_message.Message):
    __slots__ = ("record", "field", "reason")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    record: int
    field: str
    reason: str
    def __init__(self, record: _Optional[int] = ..., field: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Error(_message.Message):
    __slots__ = ("code", "message", "details", "retry_after_ms", "token")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    details: _containers.RepeatedCompositeFieldContainer[ErrorDetail]
    retry_after_ms: int
    token: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., details: _Optional[_Iterable[_Union[ErrorDetail, _Mapping]]] = ..., retry_after_ms: _Optional[int] = ..., token: _Optional[str] = ...) -> None: ...

class ReadToken(_message.Message):
    __slots__ = ("log", "offsets")
    LOG_FIELD_NUMBER: _ClassVar[int]
    OFFSETS_FIELD_NUMBER: _ClassVar[int]
    log: int
    offsets: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, log: _Optional[int] = ..., offsets: _Optional[_Iterable[int]] = ...) -> None: ...

class Cursor(_message.Message):
    __slots__ = ("after", "token")
    AFTER_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    after: str
    token: ReadToken
    def __init__(self, after: _Optional[str] = ..., token: _Optional[_Union[ReadToken, _Mapping]] = ...) -> None: ...

class Hnsw(_message.Message):
    __slots__ = ("m", "ef_construction", "quantization")
    M_FIELD_NUMBER: _ClassVar[int]
    EF_CONSTRUCTION_FIELD_NUMBER: _ClassVar[int]
    QUANTIZATION_FIELD_NUMBER: _ClassVar[int]
    m: int
    ef_construction: int
    quantization: Quantization
    def __init__(self, m: _Optional[int] = ..., ef_construction: _Optional[int] = ..., quantization: _Optional[_Union[Quantization, str]] = ...) -> None: ...

class CreateCollectionRequest(_message.Message):
    __slots__ = ("name", "dimension", "metric", "partitions", "index", "hnsw", "description", "tags", "request_id", "recall_target", "storage")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    HNSW_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RECALL_TARGET_FIELD_NUMBER: _ClassVar[int]
    STORAGE_FIELD_NUMBER: _ClassVar[int]
    name: str
    dimension: int
    metric: Metric
    partitions: int
    index: IndexKind
    hnsw: Hnsw
    description: str
    tags: _containers.ScalarMap[str, str]
    request_id: str
    recall_target: float
    storage: StorageKind
    def __init__(self, name: _Optional[str] = ..., dimension: _Optional[int] = ..., metric: _Optional[_Union[Metric, str]] = ..., partitions: _Optional[int] = ..., index: _Optional[_Union[IndexKind, str]] = ..., hnsw: _Optional[_Union[Hnsw, _Mapping]] = ..., description: _Optional[str] = ..., tags: _Optional[_Mapping[str, str]] = ..., request_id: _Optional[str] = ..., recall_target: _Optional[float] = ..., storage: _Optional[_Union[StorageKind, str]] = ...) -> None: ...

class Collection(_message.Message):
    __slots__ = ("name", "dimension", "metric", "partitions", "index", "hnsw", "description", "tags", "log", "created_at", "recall_target", "storage")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    HNSW_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    RECALL_TARGET_FIELD_NUMBER: _ClassVar[int]
    STORAGE_FIELD_NUMBER: _ClassVar[int]
    name: str
    dimension: int
    metric: Metric
    partitions: int
    index: IndexKind
    hnsw: Hnsw
    description: str
    tags: _containers.ScalarMap[str, str]
    log: int
    created_at: int
    recall_target: float
    storage: StorageKind
    def __init__(self, name: _Optional[str] = ..., dimension: _Optional[int] = ..., metric: _Optional[_Union[Metric, str]] = ..., partitions: _Optional[int] = ..., index: _Optional[_Union[IndexKind, str]] = ..., hnsw: _Optional[_Union[Hnsw, _Mapping]] = ..., description: _Optional[str] = ..., tags: _Optional[_Mapping[str, str]] = ..., log: _Optional[int] = ..., created_at: _Optional[int] = ..., recall_target: _Optional[float] = ..., storage: _Optional[_Union[StorageKind, str]] = ...) -> None: ...

class GetCollectionRequest(_message.Message):
    __slots__ = ("collection",)
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    collection: str
    def __init__(self, collection: _Optional[str] = ...) -> None: ...

class ListCollectionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListCollectionsResponse(_message.Message):
    __slots__ = ("collections",)
    COLLECTIONS_FIELD_NUMBER: _ClassVar[int]
    collections: _containers.RepeatedCompositeFieldContainer[Collection]
    def __init__(self, collections: _Optional[_Iterable[_Union[Collection, _Mapping]]] = ...) -> None: ...

class Tags(_message.Message):
    __slots__ = ("entries",)
    class EntriesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.ScalarMap[str, str]
    def __init__(self, entries: _Optional[_Mapping[str, str]] = ...) -> None: ...

class UpdateCollectionRequest(_message.Message):
    __slots__ = ("collection", "description", "tags")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    collection: str
    description: str
    tags: Tags
    def __init__(self, collection: _Optional[str] = ..., description: _Optional[str] = ..., tags: _Optional[_Union[Tags, _Mapping]] = ...) -> None: ...

class DeleteCollectionRequest(_message.Message):
    __slots__ = ("collection",)
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    collection: str
    def __init__(self, collection: _Optional[str] = ...) -> None: ...

class DeleteCollectionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReindexCollectionRequest(_message.Message):
    __slots__ = ("collection", "partitions", "metric", "index", "hnsw", "request_id", "recall_target", "storage")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    HNSW_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RECALL_TARGET_FIELD_NUMBER: _ClassVar[int]
    STORAGE_FIELD_NUMBER: _ClassVar[int]
    collection: str
    partitions: int
    metric: Metric
    index: IndexKind
    hnsw: Hnsw
    request_id: str
    recall_target: float
    storage: StorageKind
    def __init__(self, collection: _Optional[str] = ..., partitions: _Optional[int] = ..., metric: _Optional[_Union[Metric, str]] = ..., index: _Optional[_Union[IndexKind, str]] = ..., hnsw: _Optional[_Union[Hnsw, _Mapping]] = ..., request_id: _Optional[str] = ..., recall_target: _Optional[float] = ..., storage: _Optional[_Union[StorageKind, str]] = ...) -> None: ...

class GetReindexRequest(_message.Message):
    __slots__ = ("collection",)
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    collection: str
    def __init__(self, collection: _Optional[str] = ...) -> None: ...

class AbortReindexRequest(_message.Message):
    __slots__ = ("collection",)
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    collection: str
    def __init__(self, collection: _Optional[str] = ...) -> None: ...

class AbortReindexResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Reindex(_message.Message):
    __slots__ = ("collection", "state", "log", "replaces", "partitions", "caught_up", "drained", "copied", "live", "started_at", "pause_micros")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    REPLACES_FIELD_NUMBER: _ClassVar[int]
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    CAUGHT_UP_FIELD_NUMBER: _ClassVar[int]
    DRAINED_FIELD_NUMBER: _ClassVar[int]
    COPIED_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    PAUSE_MICROS_FIELD_NUMBER: _ClassVar[int]
    collection: str
    state: str
    log: int
    replaces: int
    partitions: int
    caught_up: int
    drained: int
    copied: int
    live: int
    started_at: int
    pause_micros: int
    def __init__(self, collection: _Optional[str] = ..., state: _Optional[str] = ..., log: _Optional[int] = ..., replaces: _Optional[int] = ..., partitions: _Optional[int] = ..., caught_up: _Optional[int] = ..., drained: _Optional[int] = ..., copied: _Optional[int] = ..., live: _Optional[int] = ..., started_at: _Optional[int] = ..., pause_micros: _Optional[int] = ...) -> None: ...

class FilterValue(_message.Message):
    __slots__ = ("null_value", "boolean", "long", "double", "string")
    NULL_VALUE_FIELD_NUMBER: _ClassVar[int]
    BOOLEAN_FIELD_NUMBER: _ClassVar[int]
    LONG_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_FIELD_NUMBER: _ClassVar[int]
    STRING_FIELD_NUMBER: _ClassVar[int]
    null_value: NullValue
    boolean: bool
    long: int
    double: float
    string: str
    def __init__(self, null_value: _Optional[_Union[NullValue, _Mapping]] = ..., boolean: bool = ..., long: _Optional[int] = ..., double: _Optional[float] = ..., string: _Optional[str] = ...) -> None: ...

class NullValue(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Comparison(_message.Message):
    __slots__ = ("path", "operator", "values")
    PATH_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    path: _containers.RepeatedScalarFieldContainer[str]
    operator: FilterOperator
    values: _containers.RepeatedCompositeFieldContainer[FilterValue]
    def __init__(self, path: _Optional[_Iterable[str]] = ..., operator: _Optional[_Union[FilterOperator, str]] = ..., values: _Optional[_Iterable[_Union[FilterValue, _Mapping]]] = ...) -> None: ...

class Combination(_message.Message):
    __slots__ = ("operator", "filters")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    FILTERS_FIELD_NUMBER: _ClassVar[int]
    operator: CombinationOperator
    filters: _containers.RepeatedCompositeFieldContainer[Filter]
    def __init__(self, operator: _Optional[_Union[CombinationOperator, str]] = ..., filters: _Optional[_Iterable[_Union[Filter, _Mapping]]] = ...) -> None: ...

class Filter(_message.Message):
    __slots__ = ("combination", "comparison")
    COMBINATION_FIELD_NUMBER: _ClassVar[int]
    NOT_FIELD_NUMBER: _ClassVar[int]
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    combination: Combination
    comparison: Comparison
    def __init__(self, combination: _Optional[_Union[Combination, _Mapping]] = ..., comparison: _Optional[_Union[Comparison, _Mapping]] = ..., **kwargs) -> None: ...

class Condition(_message.Message):
    __slots__ = ("if_absent", "if_present", "if_version")
    IF_ABSENT_FIELD_NUMBER: _ClassVar[int]
    IF_PRESENT_FIELD_NUMBER: _ClassVar[int]
    IF_VERSION_FIELD_NUMBER: _ClassVar[int]
    if_absent: Absent
    if_present: Present
    if_version: str
    def __init__(self, if_absent: _Optional[_Union[Absent, _Mapping]] = ..., if_present: _Optional[_Union[Present, _Mapping]] = ..., if_version: _Optional[str] = ...) -> None: ...

class Absent(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Present(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UpsertRequest(_message.Message):
    __slots__ = ("collection", "records", "conditions", "request_id", "attempt", "timeout_ms")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    collection: str
    records: _containers.RepeatedScalarFieldContainer[bytes]
    conditions: _containers.RepeatedCompositeFieldContainer[Condition]
    request_id: str
    attempt: int
    timeout_ms: int
    def __init__(self, collection: _Optional[str] = ..., records: _Optional[_Iterable[bytes]] = ..., conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ..., request_id: _Optional[str] = ..., attempt: _Optional[int] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class RefusedRecord(_message.Message):
    __slots__ = ("record", "id", "reason")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    record: int
    id: str
    reason: str
    def __init__(self, record: _Optional[int] = ..., id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class WriteResponse(_message.Message):
    __slots__ = ("token", "versions", "refused")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    token: str
    versions: _containers.RepeatedScalarFieldContainer[str]
    refused: _containers.RepeatedCompositeFieldContainer[RefusedRecord]
    def __init__(self, token: _Optional[str] = ..., versions: _Optional[_Iterable[str]] = ..., refused: _Optional[_Iterable[_Union[RefusedRecord, _Mapping]]] = ...) -> None: ...

class PatchRequest(_message.Message):
    __slots__ = ("collection", "patches", "conditions", "request_id", "attempt", "timeout_ms")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    PATCHES_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    collection: str
    patches: _containers.RepeatedScalarFieldContainer[bytes]
    conditions: _containers.RepeatedCompositeFieldContainer[Condition]
    request_id: str
    attempt: int
    timeout_ms: int
    def __init__(self, collection: _Optional[str] = ..., patches: _Optional[_Iterable[bytes]] = ..., conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ..., request_id: _Optional[str] = ..., attempt: _Optional[int] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class DeleteRequest(_message.Message):
    __slots__ = ("collection", "ids", "filter", "conditions", "cursor", "limit", "request_id", "attempt", "timeout_ms")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    collection: str
    ids: _containers.RepeatedScalarFieldContainer[str]
    filter: Filter
    conditions: _containers.RepeatedCompositeFieldContainer[Condition]
    cursor: str
    limit: int
    request_id: str
    attempt: int
    timeout_ms: int
    def __init__(self, collection: _Optional[str] = ..., ids: _Optional[_Iterable[str]] = ..., filter: _Optional[_Union[Filter, _Mapping]] = ..., conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ..., cursor: _Optional[str] = ..., limit: _Optional[int] = ..., request_id: _Optional[str] = ..., attempt: _Optional[int] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class DeleteResponse(_message.Message):
    __slots__ = ("token", "versions", "refused", "deleted", "changed", "cursor")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    token: str
    versions: _containers.RepeatedScalarFieldContainer[str]
    refused: _containers.RepeatedCompositeFieldContainer[RefusedRecord]
    deleted: int
    changed: int
    cursor: str
    def __init__(self, token: _Optional[str] = ..., versions: _Optional[_Iterable[str]] = ..., refused: _Optional[_Iterable[_Union[RefusedRecord, _Mapping]]] = ..., deleted: _Optional[int] = ..., changed: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ReadOptions(_message.Message):
    __slots__ = ("consistency", "token", "max_staleness_ms", "timeout_ms", "allow_partial")
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    MAX_STALENESS_MS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    ALLOW_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    consistency: Consistency
    token: str
    max_staleness_ms: int
    timeout_ms: int
    allow_partial: bool
    def __init__(self, consistency: _Optional[_Union[Consistency, str]] = ..., token: _Optional[str] = ..., max_staleness_ms: _Optional[int] = ..., timeout_ms: _Optional[int] = ..., allow_partial: bool = ...) -> None: ...

class MissingPartition(_message.Message):
    __slots__ = ("partition", "code", "reason")
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    partition: int
    code: str
    reason: str
    def __init__(self, partition: _Optional[int] = ..., code: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Coverage(_message.Message):
    __slots__ = ("partitions", "answered", "missing")
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    partitions: int
    answered: int
    missing: _containers.RepeatedCompositeFieldContainer[MissingPartition]
    def __init__(self, partitions: _Optional[int] = ..., answered: _Optional[int] = ..., missing: _Optional[_Iterable[_Union[MissingPartition, _Mapping]]] = ...) -> None: ...

class StoredRecord(_message.Message):
    __slots__ = ("id", "version", "record")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    id: str
    version: str
    record: bytes
    def __init__(self, id: _Optional[str] = ..., version: _Optional[str] = ..., record: _Optional[bytes] = ...) -> None: ...

class GetRequest(_message.Message):
    __slots__ = ("collection", "ids", "include", "read")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_FIELD_NUMBER: _ClassVar[int]
    READ_FIELD_NUMBER: _ClassVar[int]
    collection: str
    ids: _containers.RepeatedScalarFieldContainer[str]
    include: _containers.RepeatedScalarFieldContainer[Include]
    read: ReadOptions
    def __init__(self, collection: _Optional[str] = ..., ids: _Optional[_Iterable[str]] = ..., include: _Optional[_Iterable[_Union[Include, str]]] = ..., read: _Optional[_Union[ReadOptions, _Mapping]] = ...) -> None: ...

class GetResponse(_message.Message):
    __slots__ = ("records", "token", "log_away")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    LOG_AWAY_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[StoredRecord]
    token: str
    log_away: str
    def __init__(self, records: _Optional[_Iterable[_Union[StoredRecord, _Mapping]]] = ..., token: _Optional[str] = ..., log_away: _Optional[str] = ...) -> None: ...

class ScrollRequest(_message.Message):
    __slots__ = ("collection", "filter", "limit", "cursor", "include", "read")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_FIELD_NUMBER: _ClassVar[int]
    READ_FIELD_NUMBER: _ClassVar[int]
    collection: str
    filter: Filter
    limit: int
    cursor: str
    include: _containers.RepeatedScalarFieldContainer[Include]
    read: ReadOptions
    def __init__(self, collection: _Optional[str] = ..., filter: _Optional[_Union[Filter, _Mapping]] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ..., include: _Optional[_Iterable[_Union[Include, str]]] = ..., read: _Optional[_Union[ReadOptions, _Mapping]] = ...) -> None: ...

class ScrollResponse(_message.Message):
    __slots__ = ("records", "cursor", "token", "log_away")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    LOG_AWAY_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[StoredRecord]
    cursor: str
    token: str
    log_away: str
    def __init__(self, records: _Optional[_Iterable[_Union[StoredRecord, _Mapping]]] = ..., cursor: _Optional[str] = ..., token: _Optional[str] = ..., log_away: _Optional[str] = ...) -> None: ...

class CountRequest(_message.Message):
    __slots__ = ("collection", "filter", "read")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    READ_FIELD_NUMBER: _ClassVar[int]
    collection: str
    filter: Filter
    read: ReadOptions
    def __init__(self, collection: _Optional[str] = ..., filter: _Optional[_Union[Filter, _Mapping]] = ..., read: _Optional[_Union[ReadOptions, _Mapping]] = ...) -> None: ...

class CountResponse(_message.Message):
    __slots__ = ("count", "token", "coverage", "log_away")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    LOG_AWAY_FIELD_NUMBER: _ClassVar[int]
    count: int
    token: str
    coverage: Coverage
    log_away: str
    def __init__(self, count: _Optional[int] = ..., token: _Optional[str] = ..., coverage: _Optional[_Union[Coverage, _Mapping]] = ..., log_away: _Optional[str] = ...) -> None: ...

class SearchRequest(_message.Message):
    __slots__ = ("collection", "vector", "id", "k", "filter", "offset", "score_threshold", "exact", "ef", "include", "read", "explain")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    K_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SCORE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    EF_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_FIELD_NUMBER: _ClassVar[int]
    READ_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    collection: str
    vector: _containers.RepeatedScalarFieldContainer[float]
    id: str
    k: int
    filter: Filter
    offset: int
    score_threshold: float
    exact: bool
    ef: int
    include: _containers.RepeatedScalarFieldContainer[Include]
    read: ReadOptions
    explain: bool
    def __init__(self, collection: _Optional[str] = ..., vector: _Optional[_Iterable[float]] = ..., id: _Optional[str] = ..., k: _Optional[int] = ..., filter: _Optional[_Union[Filter, _Mapping]] = ..., offset: _Optional[int] = ..., score_threshold: _Optional[float] = ..., exact: bool = ..., ef: _Optional[int] = ..., include: _Optional[_Iterable[_Union[Include, str]]] = ..., read: _Optional[_Union[ReadOptions, _Mapping]] = ..., explain: bool = ...) -> None: ...

class Hit(_message.Message):
    __slots__ = ("id", "score", "distance", "version", "record")
    ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    id: str
    score: float
    distance: float
    version: str
    record: bytes
    def __init__(self, id: _Optional[str] = ..., score: _Optional[float] = ..., distance: _Optional[float] = ..., version: _Optional[str] = ..., record: _Optional[bytes] = ...) -> None: ...

class ExplainEstimate(_message.Message):
    __slots__ = ("strategy", "micros")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    MICROS_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    micros: float
    def __init__(self, strategy: _Optional[str] = ..., micros: _Optional[float] = ...) -> None: ...

class ExplainSegment(_message.Message):
    __slots__ = ("partition", "segment", "rows", "matching", "strategy", "candidates", "micros", "estimated_matching", "considered", "filter_micros", "search_micros", "rescoring_micros")
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    MATCHING_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    MICROS_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_MATCHING_FIELD_NUMBER: _ClassVar[int]
    CONSIDERED_FIELD_NUMBER: _ClassVar[int]
    FILTER_MICROS_FIELD_NUMBER: _ClassVar[int]
    SEARCH_MICROS_FIELD_NUMBER: _ClassVar[int]
    RESCORING_MICROS_FIELD_NUMBER: _ClassVar[int]
    partition: int
    segment: str
    rows: int
    matching: int
    strategy: str
    candidates: int
    micros: float
    estimated_matching: int
    considered: _containers.RepeatedCompositeFieldContainer[ExplainEstimate]
    filter_micros: float
    search_micros: float
    rescoring_micros: float
    def __init__(self, partition: _Optional[int] = ..., segment: _Optional[str] = ..., rows: _Optional[int] = ..., matching: _Optional[int] = ..., strategy: _Optional[str] = ..., candidates: _Optional[int] = ..., micros: _Optional[float] = ..., estimated_matching: _Optional[int] = ..., considered: _Optional[_Iterable[_Union[ExplainEstimate, _Mapping]]] = ..., filter_micros: _Optional[float] = ..., search_micros: _Optional[float] = ..., rescoring_micros: _Optional[float] = ...) -> None: ...

class Explain(_message.Message):
    __slots__ = ("segments", "waited_micros", "total_micros")
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    WAITED_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MICROS_FIELD_NUMBER: _ClassVar[int]
    segments: _containers.RepeatedCompositeFieldContainer[ExplainSegment]
    waited_micros: float
    total_micros: float
    def __init__(self, segments: _Optional[_Iterable[_Union[ExplainSegment, _Mapping]]] = ..., waited_micros: _Optional[float] = ..., total_micros: _Optional[float] = ...) -> None: ...

class SearchResponse(_message.Message):
    __slots__ = ("hits", "token", "explain", "coverage", "log_away")
    HITS_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    LOG_AWAY_FIELD_NUMBER: _ClassVar[int]
    hits: _containers.RepeatedCompositeFieldContainer[Hit]
    token: str
    explain: Explain
    coverage: Coverage
    log_away: str
    def __init__(self, hits: _Optional[_Iterable[_Union[Hit, _Mapping]]] = ..., token: _Optional[str] = ..., explain: _Optional[_Union[Explain, _Mapping]] = ..., coverage: _Optional[_Union[Coverage, _Mapping]] = ..., log_away: _Optional[str] = ...) -> None: ...

class SearchBatchRequest(_message.Message):
    __slots__ = ("collection", "searches", "read")
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    SEARCHES_FIELD_NUMBER: _ClassVar[int]
    READ_FIELD_NUMBER: _ClassVar[int]
    collection: str
    searches: _containers.RepeatedCompositeFieldContainer[SearchRequest]
    read: ReadOptions
    def __init__(self, collection: _Optional[str] = ..., searches: _Optional[_Iterable[_Union[SearchRequest, _Mapping]]] = ..., read: _Optional[_Union[ReadOptions, _Mapping]] = ...) -> None: ...

class SearchBatchResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[SearchResponse]
    def __init__(self, results: _Optional[_Iterable[_Union[SearchResponse, _Mapping]]] = ...) -> None: ...
