/**
 * Owns the typed names that cross process boundaries. Imports nothing but the JDK. Immutable; any thread.
 */
package io.spillway.domain.id;
