/**
 * Owns the text side of a model as a whole: {@link io.spillway.text.ModelText} joins tokenizer, chat template, text streams and tool-call
 * parsing. Both sides of the wire use it, since prefix identity rests on equal tokens. May import its own sub-packages,
 * {@code io.spillway.modelfile} and {@code io.spillway.domain}. Everything public is immutable unless it says otherwise.
 */
package io.spillway.text;
