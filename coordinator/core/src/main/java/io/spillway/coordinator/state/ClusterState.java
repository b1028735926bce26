package io.spillway.coordinator.state;

import io.spillway.coordinator.access.KeyChange;
import io.spillway.coordinator.batch.BatchJob;
import io.spillway.coordinator.batch.BatchSteps;
import io.spillway.coordinator.state.CommandResult.Refused;
import io.spillway.domain.error.ErrorCode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * The replicated state: what comes of applying commands in the order of the log. Deterministic: it reads no clock and no
 * chance, and iterates only over what has an order, so that every replica comes to the same state and the same answers.
 * A command id that comes again is answered from memory and changes nothing.
 *
 * <p>One writer: the thread that applies the log. Others get a {@link ClusterView}. No method throws for a command that is
 * well formed: what cannot be done is {@link Refused} and leaves the state as it was.
 */
public final class ClusterState {
    /** Most characters of a command id. */
    public static final int COMMAND_ID_CHARS_MAX = 200;

    private final StateLimits limits;
    private final Memberships memberships;
    private final Tenancy tenancy;
    private final Keys keys;
    private final Charges charges;
    private final Batches batches;
    /** Newest command ids with what they came to, oldest first. */
    private final SequencedMap<String, CommandResult> remembered = new LinkedHashMap<>();
    private long commandsApplied;

    /** The state before the first command, with {@link StateLimits#DEFAULT}. */
    public ClusterState() {
        this(StateLimits.DEFAULT, StateImage.EMPTY);
    }

    /**
     * The state an image holds.
     *
     * @param limits the same on every replica
     */
    public ClusterState(final StateLimits limits, final StateImage image) {
        this.limits = limits;
        memberships = new Memberships(limits.members());
        tenancy = new Tenancy(limits);
        keys = new Keys(limits.keys());
        charges = new Charges(limits.runs());
        batches = new Batches(limits);
        memberships.restore(image);
        tenancy.restore(image);
        keys.restore(image);
        charges.restore(image);
        batches.restore(image);
        image.remembered().forEach(command -> remembered.put(command.commandId(), command.result()));
        commandsApplied = image.commandsApplied();
    }

    /**
     * Applies a command once.
     *
     * @param commandId   names the proposal; 1 to {@link #COMMAND_ID_CHARS_MAX} characters
     * @param epochMillis the leader's time when it took the command into its log
     * @return what it came to, the first time
     */
    public CommandResult apply(final String commandId, final Command command, final long epochMillis) {
        commandsApplied++;
        if (commandId.isEmpty() || commandId.length() > COMMAND_ID_CHARS_MAX) {
            return new Refused(ErrorCode.INVALID_VALUE,
                "a command id has 1 to " + COMMAND_ID_CHARS_MAX + " characters, not " + commandId.length());
        }
        final CommandResult first = remembered.get(commandId);
        if (first != null) {
            return first;
        }
        final CommandResult result = change(command, epochMillis);
        remembered.put(commandId, result);
        if (remembered.size() > limits.commandsRemembered()) {
            remembered.pollFirstEntry();
        }
        return result;
    }

    private CommandResult change(final Command command, final long epochMillis) {
        return switch (command) {
            case Command.RegisterNode register -> memberships.register(register, epochMillis);
            case Command.RenewLeases renew -> memberships.renew(renew, epochMillis);
            case Command.ExpireLeases expire -> memberships.expire(epochMillis);
            case Command.DeregisterNode deregister -> memberships.deregister(deregister);
            case Command.CreateTenant create -> tenancy.createTenant(create);
            case Command.CreateApiKey create -> keys.create(create, tenancy::exists);
            case Command.RevokeApiKey revoke -> keys.remove(revoke);
            case Command.ChangeKeys(KeyChange change) -> keys.change(change, epochMillis, tenancy::exists);
            case Command.SettleUsage settle -> charges.settle(settle, tenancy::exists);
            case Command.ChangeBatch batch -> change(batch, epochMillis);
            case Command.AdoptFiles adopt -> batches.adopt(adopt);
        };
    }

    private CommandResult change(final Command.ChangeBatch command, final long epochMillis) {
        return switch (batches.tryChange(command.change(), epochMillis, tenancy::exists)) {
            case BatchSteps.Refused(ErrorCode code, String detail) -> new Refused(code, detail);
            case BatchSteps.Changed(BatchJob job) -> {
                final CommandResult charged = charges.settle(new Command.SettleUsage(command.charges()), tenancy::exists);
                if (charged instanceof CommandResult.Done) {
                    batches.keep(job);
                }
                yield charged;
            }
        };
    }

    /** @return the state now, under the number of commands applied as its index */
    public ClusterView view() {
        return view(commandsApplied);
    }

    /**
     * The state now. Copies only what changed since the last view.
     *
     * @param appliedIndex log index of the newest command applied
     */
    public ClusterView view(final long appliedIndex) {
        return new ClusterView(appliedIndex, memberships.frozen(), keys.frozen(), tenancy.secrets(),
            charges.frozenTenants(), charges.frozenRuns(), batches.frozen(), batches.directory());
    }

    /** @return everything there is, to be written down; linear in its size */
    public StateImage image() {
        final List<StateImage.Tenant> tenants = tenancy.secrets().entrySet().stream()
            .map(entry -> new StateImage.Tenant(entry.getKey(), entry.getValue(), charges.ofTenant(entry.getKey())))
            .toList();
        final List<StateImage.Remembered> commands = remembered.entrySet().stream()
            .map(entry -> new StateImage.Remembered(entry.getKey(), entry.getValue()))
            .toList();
        return new StateImage(commandsApplied, memberships.lastEpoch(), List.copyOf(memberships.frozen().values()),
            tenants, keys.all(), charges.runs(), commands, batches.image());
    }
}
