package badhouse.node.model;

import badhouse.coordinator.state.SeesAFramework;

/** An arrow that goes back. */
public final class SeesTheCoordinator {
    SeesAFramework coordinator = new SeesAFramework();
}
