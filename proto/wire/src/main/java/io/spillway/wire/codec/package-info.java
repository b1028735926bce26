/**
 * Owns the conversion between domain records and {@code wire.v1} messages: total, and round-trip tested. Imports
 * {@code domain} and {@code wire.v1}. Stateless; any thread. A message that no correct peer would send is an
 * {@link java.lang.IllegalArgumentException} from the domain record's own checks.
 */
package io.spillway.wire.codec;
