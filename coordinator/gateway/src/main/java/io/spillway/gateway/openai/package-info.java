/**
 * Owns the OpenAI wire API: chat completions, completions, embeddings, models, tokens, its errors and its authentication. Imports {@code domain},
 * {@code coordinator.state}, {@code gateway.answer}, {@code gateway.chat}, {@code gateway.http}, {@code gateway.json} and Jackson. Handlers run on the
 * exchange's virtual thread, which alone writes the answer.
 */
package io.spillway.gateway.openai;
