package io.spillway.coordinator.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.coordinator.state.ClusterState;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.CommandResult.Refused;
import io.spillway.coordinator.state.StateImage;
import io.spillway.coordinator.state.StateLimits;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.BatchId;
import io.spillway.domain.id.FileId;
import io.spillway.domain.id.TenantId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BatchStepsTest {
    private static final TenantId TENANT = new TenantId("acme");
    private static final BatchId ID = new BatchId("batch_1");

    private final ClusterState state = new ClusterState(new StateLimits(1000, 10, 10, 10, 10, 3, 2), StateImage.EMPTY);
    private int commands;
    private long nowMillis = 1_000;

    @BeforeEach
    void tenant() {
        apply(new Command.CreateTenant(TENANT, new byte[32]));
        apply(new Command.CreateTenant(new TenantId("other"), new byte[32]));
    }

    private CommandResult apply(final Command command) {
        return state.apply("c" + commands++, command, nowMillis);
    }

    private CommandResult apply(final BatchChange change) {
        return apply(new Command.ChangeBatch(change));
    }

    private CommandResult create(final String id, final String tenant) {
        return apply(new BatchChange.Create(new BatchId(id), new BatchOrder(new TenantId(tenant), new FileId("file-1"),
            "/v1/completions", 500, new TreeMap<>(), OptionalLong.empty())));
    }

    private BatchJob job() {
        return state.view().batches().get(ID);
    }

    private static void refused(final CommandResult result, final ErrorCode code) {
        assertThat(result).isInstanceOfSatisfying(Refused.class, refusal -> assertThat(refusal.code()).isEqualTo(code));
    }

    private void done(final BatchChange change) {
        assertThat(apply(change)).isEqualTo(new CommandResult.Done());
    }

    private static BatchTally lines(final int completed, final int failed) {
        return new BatchTally(completed, failed, 10, 4, 6, 1);
    }

    @Test
    void aWholeLife() {
        create("batch_1", "acme");
        assertThat(job().status()).isEqualTo(BatchStatus.VALIDATING);
        assertThat(job().times().expiresMillis()).isEqualTo(1_500);
        done(new BatchChange.Claim(ID, "one"));
        nowMillis = 1_100;
        done(new BatchChange.Begin(ID, 1, 3, "m"));
        done(new BatchChange.Account(ID, 1, 0, lines(1, 0)));
        done(new BatchChange.Claim(ID, "two"));
        refused(apply(new BatchChange.Account(ID, 1, 1, lines(1, 0))), ErrorCode.STALE_EPOCH);
        refused(apply(new BatchChange.Account(ID, 2, 1, lines(1, 0))), ErrorCode.STALE_EPOCH);
        refused(apply(new BatchChange.Account(ID, 2, 0, lines(3, 0))), ErrorCode.ABOVE_MAXIMUM);
        refused(apply(new BatchChange.Close(ID, 2)), ErrorCode.WRONG_STATE);
        done(new BatchChange.Account(ID, 2, 0, lines(1, 1)));
        assertThat(job().work().segments()).containsExactly(new BatchWork.Segment(1, 1), new BatchWork.Segment(2, 2));
        refused(apply(new BatchChange.Finish(ID, 2, BatchStatus.COMPLETED, BatchFiles.NONE)), ErrorCode.WRONG_STATE);
        done(new BatchChange.Close(ID, 2));
        refused(apply(new BatchChange.Cancel(ID, TENANT)), ErrorCode.WRONG_STATE);
        final BatchFiles files = new BatchFiles(Optional.of(new FileId("file-o")), Optional.empty());
        done(new BatchChange.Finish(ID, 2, BatchStatus.COMPLETED, files));
        assertThat(job().tally()).isEqualTo(new BatchTally(2, 1, 20, 8, 12, 2));
        assertThat(job().files()).isEqualTo(files);
        assertThat(job().times().inProgressMillis()).isEqualTo(1_100);
        refused(apply(new BatchChange.Claim(ID, "three")), ErrorCode.WRONG_STATE);
    }

    @Test
    void chargesAndProgressAreTakenTogetherOrNotAtAll() {
        create("batch_1", "acme");
        done(new BatchChange.Claim(ID, "one"));
        done(new BatchChange.Begin(ID, 1, 3, "m"));
        final BatchChange account = new BatchChange.Account(ID, 1, 0, lines(1, 0));
        refused(apply(new Command.ChangeBatch(account,
            List.of(new Command.UsageEntry(new TenantId("nobody"), "", "m", 1, 1, 1, 1)))), ErrorCode.NOT_FOUND);
        assertThat(job().tally()).isEqualTo(BatchTally.ZERO);
        final Command.UsageEntry charge = new Command.UsageEntry(TENANT, "", "m", 1, 1, 1, 5);
        assertThat(state.apply("same", new Command.ChangeBatch(account, List.of(charge)), nowMillis)).isEqualTo(new CommandResult.Done());
        state.apply("same", new Command.ChangeBatch(account, List.of(charge)), nowMillis);
        refused(apply(new Command.ChangeBatch(account, List.of(charge))), ErrorCode.STALE_EPOCH);
        assertThat(state.view().usage().get(TENANT).costNanoDollars()).isEqualTo(5);
    }

    @Test
    void itExpiresOnlyWhenItsTimeIsOver() {
        create("batch_1", "acme");
        done(new BatchChange.Claim(ID, "one"));
        done(new BatchChange.Begin(ID, 1, 1, "m"));
        done(new BatchChange.Account(ID, 1, 0, lines(0, 1)));
        refused(apply(new BatchChange.Finish(ID, 1, BatchStatus.EXPIRED, BatchFiles.NONE)), ErrorCode.WRONG_STATE);
        nowMillis = 1_500;
        done(new BatchChange.Finish(ID, 1, BatchStatus.EXPIRED, BatchFiles.NONE));
    }

    @Test
    void aCancelIsItsOwnersAndAccountsForEveryLine() {
        create("batch_1", "acme");
        done(new BatchChange.Claim(ID, "one"));
        done(new BatchChange.Begin(ID, 1, 2, "m"));
        refused(apply(new BatchChange.Cancel(ID, new TenantId("other"))), ErrorCode.NOT_FOUND);
        done(new BatchChange.Cancel(ID, TENANT));
        done(new BatchChange.Cancel(ID, TENANT));
        refused(apply(new BatchChange.Finish(ID, 1, BatchStatus.CANCELLED, BatchFiles.NONE)), ErrorCode.WRONG_STATE);
        done(new BatchChange.Account(ID, 1, 0, lines(0, 2)));
        done(new BatchChange.Finish(ID, 1, BatchStatus.CANCELLED, BatchFiles.NONE));
    }

    @Test
    void aTenantHasOnlySoManyAndTheOldestThatEndedIsForgotten() {
        create("batch_1", "acme");
        create("batch_2", "acme");
        refused(create("batch_3", "acme"), ErrorCode.RATE_LIMIT_EXCEEDED);
        create("batch_4", "other");
        refused(create("batch_5", "other"), ErrorCode.OVERLOADED);
        done(new BatchChange.Claim(ID, "one"));
        done(new BatchChange.Reject(ID, 1, List.of(new BatchProblem("empty_file", "x".repeat(1000), "", 0))));
        assertThat(job().problems().getFirst().message()).hasSize(BatchProblem.CHARS_MAX);
        assertThat(create("batch_5", "other")).isEqualTo(new CommandResult.Done());
        assertThat(state.view().batches().keySet()).extracting(BatchId::value).containsExactly("batch_2", "batch_4", "batch_5");
        refused(create("batch_2", "acme"), ErrorCode.ALREADY_EXISTS);
        refused(create("batch_9", "stranger"), ErrorCode.NOT_FOUND);
    }

    @Test
    void theFirstDirectoryIsTheClusters() {
        assertThat(apply(new Command.AdoptFiles("a"))).isEqualTo(new CommandResult.Done());
        assertThat(apply(new Command.AdoptFiles("a"))).isEqualTo(new CommandResult.Done());
        refused(apply(new Command.AdoptFiles("b")), ErrorCode.IDENTITY_MISMATCH);
        refused(apply(new Command.AdoptFiles("")), ErrorCode.INVALID_VALUE);
        assertThat(state.view().filesDirectory()).isEqualTo("a");
    }
}
