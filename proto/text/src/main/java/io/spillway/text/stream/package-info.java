/**
 * Owns the way from output tokens, one by one, to text that may be shown: whole characters only, nothing of a stop string. May import
 * {@code text.tokenizer}. A stream is owned by the thread that feeds it.
 */
package io.spillway.text.stream;
