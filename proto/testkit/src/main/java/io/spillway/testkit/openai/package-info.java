/**
 * Owns the published schemas of the OpenAI API and the holding of answers against them. May import Jackson and the schema
 * validator. Any thread.
 */
package io.spillway.testkit.openai;
