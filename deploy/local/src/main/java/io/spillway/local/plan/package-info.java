/**
 * Owns the prediction of what a model needs of GPUs: bytes of weights, keys and values and scratch memory, how many GPUs of which type hold
 * them, and what a run takes by roofline and by price. Arithmetic over records; files are read by {@code ModelFiles} and {@code GpuCatalog}
 * only. May import {@code domain}, {@code config}, {@code modelfile}, {@code node.weights} and Jackson. Nothing here is kept: any thread.
 */
package io.spillway.local.plan;
