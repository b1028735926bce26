package io.spillway.sdk;

/**
 * An answer that is a value.
 *
 * @param answer as the model wrote it, with what it took
 */
public record StructuredAnswer<T>(T value, ChatAnswer answer) {
}
