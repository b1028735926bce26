/**
 * Owns the reading of model files (GGUF, safetensors and a Hugging Face directory's configuration, all memory mapped), and the
 * writing of both, whole or not at all.
 *
 * <p>May import the JDK, Jackson and {@code domain}. Every count, length and offset of a file is checked before it is
 * believed: a file that is broken or hostile gives one {@code INVALID_MODEL_FILE} and nothing else.
 *
 * <p>Threads: a file is parsed by the thread that opens it and immutable afterwards; any thread may read it until it is closed.
 */
package io.spillway.modelfile;
