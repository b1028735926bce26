/**
 * Owns the way between text and token ids. Behind {@link io.spillway.text.tokenizer.Tokenizer} stands Hugging Face's tokenizers library;
 * GGUF vocabularies are handed to the same library as a {@code tokenizer.json} made in memory. May import
 * {@code io.spillway.domain.error} and {@code io.spillway.modelfile}. Tokenizers are immutable; any thread may use them.
 */
package io.spillway.text.tokenizer;
