/**
 * Owns how a config file becomes a record tree: YAML with kebab-case keys in, records out, every key known, every number with its
 * unit, and the reference page made from the same records. May import {@code domain} and Jackson. Holds no state: every method may
 * be called from any thread.
 */
package io.spillway.config;
