package io.spillway.coordinator.server;

import io.spillway.coordinator.access.KeyChange;
import io.spillway.coordinator.access.Scope;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.TenantSecret;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * Gives a new cluster its first tenant and key. Every replica proposes the same under fixed ids and the first wins, whose
 * random secret then is the tenant's on all of them.
 */
final class Bootstrap {
    private static final System.Logger LOG = System.getLogger(Bootstrap.class.getName());
    private final ReplicatedLog log;
    private final CoordinatorConfig.Bootstrap config;
    private final RandomGenerator random;
    private volatile boolean closed;

    Bootstrap(final ReplicatedLog log, final CoordinatorConfig.Bootstrap config, final RandomGenerator random) {
        this.log = log;
        this.config = config;
        this.random = random;
    }

    /** Goes on until the log has taken it. */
    void start() {
        final TenantId tenant = new TenantId(config.tenant());
        if (closed || config.keySha256().isEmpty() || known(tenant)) {
            return;
        }
        final byte[] secret = new byte[TenantSecret.BYTES];
        random.nextBytes(secret);
        final String key = config.keySha256().orElseThrow();
        log.propose("bootstrap-tenant-" + tenant, new Command.CreateTenant(tenant, secret))
            .thenCompose(done -> log.propose("bootstrap-key-" + key, new Command.ChangeKeys(
                new KeyChange.Issue(tenant, new KeyChange.Secret(key, ""), "bootstrap", Scope.all(), 0))))
            .whenComplete((done, failure) -> {
                if (failure != null && !closed) {
                    LOG.log(System.Logger.Level.INFO, "the first tenant waits for a leader: " + failure.getMessage());
                    CompletableFuture.delayedExecutor(500, TimeUnit.MILLISECONDS).execute(this::start);
                }
            });
    }

    void close() {
        closed = true;
    }

    /** A key that was revoked is known too, and stays revoked. */
    private boolean known(final TenantId tenant) {
        return log.view().key(config.keySha256().orElseThrow()).filter(key -> key.tenant().equals(tenant)).isPresent();
    }
}
