/** Vectors in WebAssembly memory, and the exact search over them. */
export { codePlaces, CodeSlab, codesBytes, codeStride, type Codes } from './code-slab.ts';
export { CoarseQuantizer } from './coarse-quantizer.ts';
export { normalized } from './normalize.ts';
export { SignSlab, type SignSearch } from './sign-slab.ts';
export { kMax, Slab, strideOf, type KernelMetric, type Top } from './slab.ts';
