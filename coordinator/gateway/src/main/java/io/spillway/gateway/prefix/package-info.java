/**
 * Owns what keeps the beginnings of prompts equal and cheap: tool schemas in one order of keys, texts that clients put at the head of a
 * prompt although they change with every request, and tokens and block hashes of conversations that were seen a moment ago. Imports
 * {@code domain} only. Classes say which thread owns them; most are stateless.
 */
package io.spillway.gateway.prefix;
