package io.spillway.coordinator.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.access.KeyChange;
import io.spillway.coordinator.access.KeyTimes;
import io.spillway.coordinator.access.Scope;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.TenantId;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class KeysTest {
    private static final CommandResult DONE = new CommandResult.Done();
    private static final TenantId ACME = new TenantId("acme");
    private final ClusterState state = new ClusterState();
    private int commands;

    KeysTest() {
        apply(Commands.tenant("acme"), 0);
        apply(Commands.tenant("umbrella"), 0);
    }

    private CommandResult apply(final Command command, final long epochMillis) {
        return state.apply("c" + commands++, command, epochMillis);
    }

    private CommandResult change(final KeyChange change, final long epochMillis) {
        return apply(new Command.ChangeKeys(change), epochMillis);
    }

    private static String hash(final int number) {
        return "%024x".formatted(number) + "0".repeat(40);
    }

    private static KeyChange.Issue issue(final int number, final long lifetimeMillis) {
        return new KeyChange.Issue(ACME, new KeyChange.Secret(hash(number), "sk-1"), "ci", Set.of(Scope.USAGE), lifetimeMillis);
    }

    private static KeyChange.Rotate rotate(final int from, final int to, final long graceMillis) {
        return new KeyChange.Rotate(ACME, ApiKey.idOf(hash(from)), new KeyChange.Secret(hash(to), "sk-2"), graceMillis,
            KeyChange.Rotate.SAME_LIFETIME);
    }

    private ApiKey key(final int number) {
        return state.view().key(hash(number)).orElseThrow();
    }

    private static ErrorCode code(final CommandResult result) {
        return ((CommandResult.Refused) result).code();
    }

    @Test
    void aKeyIsTakenUntilItExpires() {
        assertThat(change(issue(1, 50), 100)).isEqualTo(DONE);
        assertThat(key(1)).isEqualTo(new ApiKey(hash(1), ACME, "ci", "sk-1", Set.of(Scope.USAGE), new KeyTimes(100, 150, 0, 0), ""));
        assertThat(key(1).taken(149)).isTrue();
        assertThat(key(1).taken(150)).isFalse();
        assertThat(key(1).has(Scope.USAGE)).isTrue();
        assertThat(key(1).has(Scope.ADMIN)).isFalse();
        assertThat(code(change(issue(1, 0), 100))).isEqualTo(ErrorCode.ALREADY_EXISTS);
    }

    @Test
    void rotationLeavesBothForTheTimeOfGrace() {
        change(issue(1, 1_000), 100);
        assertThat(change(rotate(1, 2, 30), 200)).isEqualTo(DONE);
        assertThat(key(1).times()).isEqualTo(new KeyTimes(100, 230, 0, 0));
        assertThat(key(1).successor()).isEqualTo(key(2).id());
        assertThat(key(2)).isEqualTo(new ApiKey(hash(2), ACME, "ci", "sk-2", Set.of(Scope.USAGE), new KeyTimes(200, 1_200, 0, 0), ""));
        assertThat(code(change(rotate(1, 3, 30), 210))).isEqualTo(ErrorCode.WRONG_STATE);
        assertThat(code(change(rotate(1, 3, 30), 230))).as("it has ended").isEqualTo(ErrorCode.NOT_FOUND);
        assertThat(change(rotate(2, 3, 5_000), 1_199)).as("grace does not lengthen a life").isEqualTo(DONE);
        assertThat(key(2).times().expiresMillis()).isEqualTo(1_200);
    }

    @Test
    void revocationHoldsWhateverTheClockSays() {
        change(issue(1, 0), 100);
        assertThat(code(change(new KeyChange.Revoke(new TenantId("umbrella"), key(1).id()), 200))).isEqualTo(ErrorCode.NOT_FOUND);
        assertThat(change(new KeyChange.Revoke(ACME, key(1).id()), 200)).isEqualTo(DONE);
        assertThat(key(1).taken(0)).isFalse();
        assertThat(key(1).taken(300)).isFalse();
        assertThat(code(change(new KeyChange.Revoke(ACME, key(1).id()), 300))).isEqualTo(ErrorCode.NOT_FOUND);
        assertThat(code(change(new KeyChange.Revoke(ACME, "x"), 300))).isEqualTo(ErrorCode.NOT_FOUND);
        change(issue(2, 0), 100);
        assertThat(change(rotate(2, 3, 0), 200)).isEqualTo(DONE);
        assertThat(key(2).taken(0)).as("without grace it is revoked").isFalse();
    }

    /** The configuration names the hash for ever; the command ids that it was proposed under are forgotten one day. */
    @Test
    void aKeyThatWasBroughtByItsHashStaysRevoked() {
        final KeyChange.Issue brought = new KeyChange.Issue(ACME, new KeyChange.Secret(hash(1), ""), "bootstrap", Scope.all(), 0);
        assertThat(change(brought, 0)).isEqualTo(DONE);
        change(new KeyChange.Revoke(ACME, ApiKey.idOf(hash(1))), 10);
        final long later = TimeUnit.DAYS.toMillis(10_000);
        for (int i = 2; i < 2 * Keys.TENANT_ENDED_MAX; i++) {
            change(issue(i, 1), later);
        }
        assertThat(code(change(brought, later))).isEqualTo(ErrorCode.ALREADY_EXISTS);
        assertThat(key(1).taken(later)).isFalse();
    }

    @Test
    void keysThatEndedMakeRoom() {
        change(issue(1, 10), 0);
        change(issue(2, 0), Keys.REMEMBERED_MILLIS + 5);
        assertThat(state.view().keys()).containsKey(hash(1));
        change(issue(3, 0), Keys.REMEMBERED_MILLIS + 11);
        assertThat(state.view().keys()).doesNotContainKey(hash(1)).containsKeys(hash(2), hash(3));
        for (int i = 10; i < 10 + 2 * Keys.TENANT_ENDED_MAX; i++) {
            assertThat(change(issue(i, 1), Keys.REMEMBERED_MILLIS + 2L * i)).isEqualTo(DONE);
        }
        assertThat(state.view().keys()).hasSizeLessThanOrEqualTo(Keys.TENANT_ENDED_MAX + 3).containsKeys(hash(2), hash(3));
    }

    @Test
    void oneTenantCannotTakeTheRoomOfAll() {
        for (int i = 0; i < Keys.TENANT_KEYS_MAX; i++) {
            assertThat(change(issue(i, 0), 0)).isEqualTo(DONE);
        }
        assertThat(code(change(issue(5_000, 0), 0))).isEqualTo(ErrorCode.RATE_LIMIT_EXCEEDED);
        assertThat(code(change(rotate(1, 5_000, 10), 0))).isEqualTo(ErrorCode.RATE_LIMIT_EXCEEDED);
        assertThat(key(1).successor()).as("nothing is half done").isEmpty();
        change(new KeyChange.Revoke(ACME, ApiKey.idOf(hash(1))), 5);
        assertThat(change(issue(5_000, 0), 6)).isEqualTo(DONE);
    }

    @Test
    void whatCannotBeIsRefused() {
        change(issue(1, 0), 0);
        final KeyChange.Secret secret = new KeyChange.Secret(hash(9), "");
        for (final KeyChange wrong : List.of(
            new KeyChange.Issue(ACME, new KeyChange.Secret("abc", ""), "x", Scope.all(), 0),
            new KeyChange.Issue(ACME, new KeyChange.Secret(hash(9), "x".repeat(41)), "x", Scope.all(), 0),
            new KeyChange.Issue(ACME, secret, " ", Scope.all(), 0), new KeyChange.Issue(ACME, secret, "x".repeat(201), Scope.all(), 0),
            new KeyChange.Issue(ACME, secret, "x", Set.of(), 0), new KeyChange.Issue(ACME, secret, "x", Scope.all(), -1),
            new KeyChange.Issue(ACME, secret, "x", Scope.all(), Long.MAX_VALUE), rotate(1, 2, -1), rotate(1, 2, Long.MAX_VALUE),
            new KeyChange.Rotate(ACME, ApiKey.idOf(hash(1)), secret, 0, -2))) {
            assertThat(code(change(wrong, 0))).as(wrong.toString()).isEqualTo(ErrorCode.INVALID_VALUE);
        }
        assertThat(code(change(new KeyChange.Issue(new TenantId("nobody"), secret, "x", Scope.all(), 0), 0))).isEqualTo(ErrorCode.NOT_FOUND);
        assertThat(state.view().keys()).hasSize(1);
    }

    @Test
    void usesAreNotedForKeysThatAreThere() {
        change(issue(1, 0), 0);
        assertThat(change(new KeyChange.NoteUse(List.of(hash(1), hash(2), "x")), 70)).isEqualTo(DONE);
        assertThat(key(1).times().lastUsedMillis()).isEqualTo(70);
        change(new KeyChange.NoteUse(List.of(hash(1))), 60);
        assertThat(key(1).times().lastUsedMillis()).isEqualTo(70);
        assertThat(state.view().keys()).hasSize(1);
    }

    @Provide
    Arbitrary<List<KeyChange>> histories() {
        return KeyCommands.any().list().ofMaxSize(40);
    }

    /** Once refused for good, always refused: no history brings a revoked key back, and none has a key with no scope. */
    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void noHistoryBringsARevokedKeyBack(@ForAll("histories") final List<KeyChange> history) {
        final ClusterState any = new ClusterState();
        any.apply("t1", Commands.tenant("t1"), 0);
        any.apply("t2", Commands.tenant("t2"), 0);
        long now = 1;
        List<String> revoked = List.of();
        for (final KeyChange change : history) {
            any.apply("c" + now, new Command.ChangeKeys(change), now++);
            for (final String hash : revoked) {
                assertThat(any.view().key(hash).orElseThrow().taken(0)).isFalse();
            }
            assertThat(any.view().keys().values()).noneMatch(key -> key.scopes().isEmpty());
            revoked = any.view().keys().values().stream().filter(key -> key.times().revokedMillis() != 0).map(ApiKey::sha256Hex).toList();
        }
    }
}
