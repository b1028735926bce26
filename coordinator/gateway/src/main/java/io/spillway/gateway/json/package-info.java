/**
 * Owns reading and writing JSON for every HTTP API: bounded parsing, and request bodies read field by field with complaints that name
 * the field. Imports {@code domain.error} and Jackson only. Nothing here is shared between threads but constants.
 */
package io.spillway.gateway.json;
