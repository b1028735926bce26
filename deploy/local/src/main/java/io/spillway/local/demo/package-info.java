/**
 * Owns the bundled customer-support agent: episodes, the canned tool backend, the loop that runs them against any OpenAI API through
 * the official client, the scoring rules, and the report. May import {@code domain}, Jackson and the OpenAI client. One virtual
 * thread runs an episode from start to end; the demo's thread collects results.
 */
package io.spillway.local.demo;
