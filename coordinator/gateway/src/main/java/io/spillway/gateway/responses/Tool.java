package io.spillway.gateway.responses;

import java.util.Map;

/**
 * A tool that the model is offered.
 *
 * @param custom     whether it takes a text of its own kind instead of JSON; the model is told of a function with that text as its
 *                   only argument
 * @param strict     whether calls must keep to the schema
 * @param definition as chat templates expect it: {@code type} and {@code function}, keys in one fixed order
 */
record Tool(ToolName name, boolean custom, boolean strict, Map<String, Object> definition) {
}
