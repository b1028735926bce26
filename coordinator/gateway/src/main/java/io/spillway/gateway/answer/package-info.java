/**
 * Owns how an answer goes out to a client that waits for it, whatever API words it: its headers, its stream of events, its explanation, and
 * the end of the request when the client leaves. Imports {@code domain}, {@code gateway.chat}, {@code gateway.guard}, {@code gateway.http},
 * {@code gateway.identity}, {@code gateway.json}, {@code gateway.limits}, {@code gateway.runs} and Jackson. Everything here is owned by the
 * exchange's virtual thread, which alone writes the answer.
 */
package io.spillway.gateway.answer;
