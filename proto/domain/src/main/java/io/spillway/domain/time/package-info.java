/**
 * Owns the clocks. The only place outside mains that touches the system's clocks: everything else is handed one.
 */
package io.spillway.domain.time;
