/**
 * Owns the Responses API: its input items, its tools, its answers and stream events, what is kept of a response, and responses that run
 * in the background. Imports {@code domain}, {@code coordinator.state}, {@code grammar}, {@code gateway.answer}, {@code gateway.chat}, {@code gateway.guard},
 * {@code gateway.http}, {@code gateway.identity}, {@code gateway.json}, {@code gateway.limits},
 * {@code gateway.openai}, {@code gateway.prefix}, {@code gateway.runs} and Jackson.
 *
 * <p>Threads: a request is read, and a foreground response is run and written, by its exchange's virtual thread. A background response
 * is run by a virtual thread of its own, which alone writes its {@link io.spillway.gateway.responses.EventLog}; any number of exchanges
 * read that. Stores and the table of background runs may be used by any thread.
 */
package io.spillway.gateway.responses;
