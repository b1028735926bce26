/**
 * Owns the formats in which models write tool calls: from output text to content and calls, while it streams. Imports
 * {@code text.stream} only. A parser is owned by the thread that feeds it.
 */
package io.spillway.text.tools;
