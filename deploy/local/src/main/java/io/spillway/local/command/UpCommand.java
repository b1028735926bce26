package io.spillway.local.command;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.error.Unworded;
import io.spillway.local.cluster.ApiKeys;
import io.spillway.local.cluster.ChildProcesses;
import io.spillway.local.cluster.ClusterLauncher;
import io.spillway.local.cluster.ClusterPlan;
import io.spillway.local.cluster.ClusterSpec;
import io.spillway.local.cluster.Devices;
import io.spillway.local.cluster.InProcessCluster;
import io.spillway.local.cluster.ModelCheck;
import io.spillway.local.cluster.PortBook;
import io.spillway.local.cluster.Readiness;
import io.spillway.local.cluster.Roles;
import io.spillway.local.cluster.RunFile;
import io.spillway.local.cluster.RunningCluster;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Starts a local cluster and prints how to reach it. */
@Command(name = "up", description = "Start a local cluster and print how to reach it.")
public final class UpCommand implements Runnable {
    /** Port of the first gateway unless {@code --port} says otherwise. */
    static final int DEFAULT_PORT = 8484;

    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;
    @Mixin
    private Places places;
    @Mixin
    private ServingOptions serving;
    @Option(names = "--nodes", paramLabel = "N", defaultValue = "2", description = "engine nodes (default: ${DEFAULT-VALUE})")
    private int nodes;
    @Option(names = "--model", paramLabel = "PATH", description = "GGUF file or Hugging Face directory (default: the bundled Brook)")
    private Path model;
    @Option(names = "--port", paramLabel = "P", defaultValue = "" + DEFAULT_PORT,
        description = "port of the HTTP API; 0 takes any free one (default: ${DEFAULT-VALUE})")
    private int port;
    @Option(names = "--detach", description = "return once it serves; `spillway down` ends it")
    private boolean detach;
    @Option(names = "--json", description = "with --detach: print one line of JSON instead of text")
    private boolean json;
    @Option(names = "--processes", description = "run every role as a process of its own")
    private boolean processes;
    @Option(names = "--serve", hidden = true, description = "be the process that --detach leaves behind")
    private boolean serve;

    @Override
    public void run() {
        if (json && !detach) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, "--json needs --detach");
        }
        final Path chosen = Optional.ofNullable(model).orElseGet(Places::bundledModel);
        final ClusterSpec wanted = new ClusterSpec(chosen.toAbsolutePath().normalize(), places.dataDir(), nodes, port, serving.serving());
        if (detach && !processes) {
            checkStart(wanted);
            print(new DetachedStart(wanted, this::progress).run());
            return;
        }
        ServerLog.choose(serve ? Optional.empty() : Optional.of(ServerLog.file(wanted.dataDir())));
        Unworded.logUncaught();
        checkStart(wanted);
        start(wanted);
    }

    private static void checkStart(final ClusterSpec wanted) {
        RunFile.running(wanted.dataDir()).ifPresent(run -> {
            throw new SpillwayException(ErrorCode.ALREADY_EXISTS, "a cluster already runs in " + wanted.dataDir() + " (" + run.baseUrl()
                + ", pid " + run.alive().getFirst().pid() + "); end it with `./spillway down`, or use another --data folder");
        });
        ModelCheck.check(wanted.model());
        if (wanted.port() != 0 && !PortBook.free(wanted.port())) {
            throw new SpillwayException(ErrorCode.ALREADY_EXISTS, "port " + wanted.port()
                + " is in use by another program; give --port another one, or --port 0 for any free one");
        }
    }

    private void start(final ClusterSpec wanted) {
        final PortBook ports = PortBook.open(wanted.dataDir().resolve("ports.json"), RandomGenerator.getDefault());
        final ClusterPlan plan = ClusterPlan.of(wanted, ApiKeys.ofFile(wanted.dataDir().resolve("api-key")), ports);
        ports.save();
        final ClusterLauncher launcher = processes
            ? new ChildProcesses(wanted.dataDir())
            : new InProcessCluster(ServerLog.file(wanted.dataDir()));
        final RunningCluster cluster = launcher.launch(Roles.of(plan), this::progress);
        final CountDownLatch ended = new CountDownLatch(1);
        final AtomicBoolean closing = new AtomicBoolean();
        final Thread hook = new Thread(() -> close(wanted, cluster, closing, ended), "shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            Readiness.await(plan, cluster, this::progress);
        } catch (final RuntimeException e) {
            close(wanted, cluster, closing, ended);
            throw e;
        }
        final RunFile run = RunFile.of(plan, cluster.processes());
        run.write(wanted.dataDir());
        if (detach) {
            Runtime.getRuntime().removeShutdownHook(hook);
            print(run);
            return;
        }
        print(run);
        watch(cluster, ended);
    }

    /** Reports roles that end by themselves, until this JVM is told to end. The others go on: surviving that is what they are for. */
    private void watch(final RunningCluster cluster, final CountDownLatch ended) {
        try {
            while (!ended.await(1, TimeUnit.SECONDS)) {
                cluster.failure().ifPresent(this::progress);
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void close(
        final ClusterSpec wanted, final RunningCluster cluster, final AtomicBoolean closing, final CountDownLatch ended) {
        if (closing.compareAndSet(false, true)) {
            cluster.close();
            RunFile.delete(wanted.dataDir());
            ended.countDown();
        }
    }

    private void progress(final String line) {
        final PrintWriter err = spec.commandLine().getErr();
        err.println((serve ? ProgressTail.MARK : "spillway: ") + line);
        err.flush();
    }

    private void print(final RunFile run) {
        final PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(run.toJsonLine());
        } else {
            out.println(Banner.of(run, Devices.of(places.dataDir(), run), detach || serve));
        }
        out.flush();
    }
}
