package io.spillway.wire.link;

import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import java.util.List;

/** What a member does for its link. Called on the link's thread; must not block. */
public interface LinkListener {
    /** The member is registered, at first or again. */
    void onRegistered(long epoch);

    /** @return load now; cheap */
    NodeLoad load(long epoch);

    /** @param peers all other live members that keep blocks, in id order */
    void onPeers(List<NodeDescriptor> peers);
}
