/**
 * Owns the way from a conversation to tokens and from tokens back to text and tool calls, the same for every wire protocol: it
 * knows neither HTTP nor JSON. Imports {@code domain}, {@code grammar}, {@code text}, {@code coordinator.admission},
 * {@code coordinator.state}, {@code gateway.limits}, {@code gateway.prefix} and {@code gateway.runs}.
 *
 * <p>Threads: a {@link io.spillway.gateway.chat.ChatCall} is owned by the one thread that runs it; the request line reaches it only
 * through a bounded mailbox, and {@code cancel} may come from anywhere.
 */
package io.spillway.gateway.chat;
