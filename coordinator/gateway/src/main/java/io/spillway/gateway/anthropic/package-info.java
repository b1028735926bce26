/**
 * Owns the Anthropic wire API: messages whole and streamed, token counts, its list of models, its errors. Imports {@code domain},
 * {@code coordinator.state}, {@code grammar}, {@code gateway.answer}, {@code gateway.chat}, {@code gateway.guard}, {@code gateway.http}, {@code gateway.identity},
 * {@code gateway.json}, {@code gateway.limits}, {@code gateway.prefix}, {@code gateway.openai} (keys, retry ids, messages of errors) and
 * Jackson. Handlers run on the exchange's virtual thread, which alone writes the answer.
 */
package io.spillway.gateway.anthropic;
