package io.spillway.coordinator.dispatch;

/** Who a dispatcher works for. Called on the dispatcher's thread. */
public interface FlightOwner {
    /** The request's node is lost; it waits again and must be placed elsewhere. */
    void onWaiting(Flight flight, MemberKey lost);

    /** The request has ended; its terminal event was delivered. */
    void onEnded(Flight flight);

    /** An attempt no longer occupies its node, for whatever reason. Comes before the other two. */
    void onReleased(Attempt attempt);
}
