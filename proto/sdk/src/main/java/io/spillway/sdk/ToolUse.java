package io.spillway.sdk;

/** A call the model made; {@code argumentsJson} exactly as the model wrote it. */
public record ToolUse(String id, String name, String argumentsJson) {
}
