/**
 * Owns the language of chat templates: Jinja as Hugging Face sets it up (trim_blocks, lstrip_blocks, loop controls, immutable sandbox),
 * with Python's semantics where a rendering shows them. May import {@code io.spillway.domain.error} and {@code .time}, nothing else of ours.
 * A {@link io.spillway.text.template.Template} is immutable and may be rendered by any thread; everything mutable lives for one rendering,
 * on the thread that renders.
 */
package io.spillway.text.template;
