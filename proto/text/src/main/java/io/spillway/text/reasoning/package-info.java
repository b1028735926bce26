/**
 * Owns the way models write what they think before they answer: from output text to thought and content, while it streams. Imports
 * {@code text.stream} only. A splitter is owned by the thread that feeds it.
 */
package io.spillway.text.reasoning;
