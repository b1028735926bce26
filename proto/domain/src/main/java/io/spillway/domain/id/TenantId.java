package io.spillway.domain.id;

/** Billing and isolation unit. */
public record TenantId(String value) implements Comparable<TenantId> {
    public TenantId {
        Names.check("TenantId", value);
    }

    @Override
    public int compareTo(final TenantId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
