/**
 * Owns a member's side of its life in the cluster: registering, and one stream to every coordinator replica that carries
 * its KV events and load up and the list of peers down. Used by nodes and store servers. Imports {@code domain},
 * {@code wire.codec}, {@code wire.v1}. The link's own thread writes all its state; {@link io.spillway.wire.link.EventFeed}
 * may be appended to from any thread.
 */
package io.spillway.wire.link;
