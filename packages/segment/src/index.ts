/** The engine of one partition: memtables, sealed segments, and the search over them. */
export * from './filter/index.ts';
export { runBuildJob, type BuildJob, type BuildResult, type GraphJob, type MergeSource } from './build.ts';
export { strideOf } from './kernels/index.ts';
export { Explanation } from './explanation.ts';
export { Growing, type GrowingOptions } from './growing/growing.ts';
export { decodeManifest, encodeManifest, encodeRequests, readManifest, writeManifest, manifestFile, type RequestBlock } from './manifest.ts';
export { distanceOf, prepareQuery } from './metric.ts';
export { NearestSoFar } from './nearest-so-far.ts';
export { defaultsOf, searchGrowing, searchSealed, type SegmentAnswer, type SegmentDefaults, type SegmentSearch, type Strategy } from './plan.ts';
export { decodeRows, encodeRows } from './bitmap.ts';
export { RowStates } from './rows.ts';
export { defaultQuantization, type BuiltGraph, type GraphSettings } from './sealed/graph.ts';
export { hashId } from './sealed/ids.ts';
export { viewRows, type Rows } from './sealed/rows.ts';
export { dumpGrowing } from './seal.ts';
export { Sealed } from './sealed/sealed.ts';
export { readVerified, type FileEntry } from './sealed/files.ts';
export { removeLeftovers, SegmentWriter, type SegmentFiles } from './sealed/write.ts';
