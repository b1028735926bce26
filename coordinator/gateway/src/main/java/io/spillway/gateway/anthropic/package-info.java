/**
 * Owns the Anthropic wire API: messages whole and streamed, token counts, its list of models, its errors. Imports {@code domain},
 * {@code coordinator.state}, {@code grammar}, {@code gateway.chat}, {@code gateway.guard}, {@code gateway.http}, {@code gateway.json},
 * {@code gateway.openai} (keys, run identity, explanations) and Jackson. Handlers run on the exchange's virtual thread, which alone
 * writes the answer.
 */
package io.spillway.gateway.anthropic;
