package io.spillway.domain.id;

/** One generation asked by a client; ends exactly once. Also the key under which a resubmission is recognised. */
public record RequestId(String value) implements Comparable<RequestId> {
    public RequestId {
        Names.check("RequestId", value);
    }

    @Override
    public int compareTo(final RequestId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
