package io.spillway.sdk;

/**
 * A tool the model may call.
 *
 * @param parametersJson a JSON Schema of its arguments
 * @param strict         whether arguments must keep to the schema even where the model is free to call or not
 */
public record ToolSpec(String name, String description, String parametersJson, boolean strict) {
    /** Arguments as the model likes to write them. */
    public ToolSpec(final String name, final String description, final String parametersJson) {
        this(name, description, parametersJson, false);
    }
}
