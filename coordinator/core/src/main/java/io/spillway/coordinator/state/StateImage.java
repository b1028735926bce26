package io.spillway.coordinator.state;

import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.batch.BatchJob;
import io.spillway.coordinator.state.ClusterView.Member;
import io.spillway.coordinator.state.ClusterView.RunKey;
import io.spillway.coordinator.state.ClusterView.UsageTotals;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.TenantSecret;
import java.util.List;

/**
 * All of {@link ClusterState}, to be written down and read back. Equal images mean equal states, the answers to commands
 * that come twice included. Immutable; any thread.
 *
 * @param commandsApplied how many commands were applied, resubmissions included
 * @param lastEpoch       newest epoch given to a member
 * @param members         in id order
 * @param tenants         in id order
 * @param keys            in order of their hashes
 * @param runs            least recently charged first
 * @param remembered      oldest first
 * @param batches         batch jobs, and where their files are
 */
public record StateImage(
    long commandsApplied, long lastEpoch, List<Member> members, List<Tenant> tenants, List<ApiKey> keys, List<Run> runs,
    List<Remembered> remembered, Batches batches) {

    /** Before the first command. */
    public static final StateImage EMPTY = new StateImage(0, 0, List.of(), List.of(), List.of(), List.of(), List.of(),
        Batches.NONE);

    public StateImage {
        members = List.copyOf(members);
        tenants = List.copyOf(tenants);
        keys = List.copyOf(keys);
        runs = List.copyOf(runs);
        remembered = List.copyOf(remembered);
    }

    /**
     * Batch jobs.
     *
     * @param directory mark of the directory of their files; "" = none yet
     * @param jobs      in id order
     */
    public record Batches(String directory, List<BatchJob> jobs) {
        /** None. */
        public static final Batches NONE = new Batches("", List.of());

        public Batches {
            jobs = List.copyOf(jobs);
        }
    }

    /** A tenant, and what it was charged in all. */
    public record Tenant(TenantId id, TenantSecret secret, UsageTotals usage) {
    }

    /** What an agent run was charged. */
    public record Run(RunKey key, UsageTotals usage) {
    }

    /** What a command came to. */
    public record Remembered(String commandId, CommandResult result) {
    }
}
