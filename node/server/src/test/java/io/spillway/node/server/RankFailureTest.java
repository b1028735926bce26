package io.spillway.node.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.NoBlockStore;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.cpu.CpuBackend;
import io.spillway.node.engine.Engine;
import io.spillway.node.engine.EngineConfig;
import io.spillway.node.engine.EngineParts;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A rank fails in the middle of a step: its requests end with an error, and the engine goes on. */
@Timeout(60)
class RankFailureTest {
    private static final Path SMALL = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook-small");
    private static final int DEVICE_BLOCKS = 16;

    /** Operations that fail once when told to. */
    private static TensorOps failing(final TensorOps sound, final AtomicBoolean now) {
        return (TensorOps) Proxy.newProxyInstance(TensorOps.class.getClassLoader(), new Class<?>[] {TensorOps.class}, (proxy, method, arguments) -> {
            if (method.getName().equals("attend") && now.getAndSet(false)) {
                throw new IllegalStateException("this rank's device is gone");
            }
            try {
                return method.invoke(sound, arguments);
            } catch (final InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }

    private static CompletableFuture<Object> ask(final Engine engine, final String id) {
        final CompletableFuture<Object> done = new CompletableFuture<>();
        final List<Integer> tokens = new ArrayList<>();
        engine.submit(new GenerationRequest(new RequestId(id), new TenantId("t"), Optional.empty(), new ModelId("brook"), new BlockHash(1, 2),
            IntStream.range(0, 90).map(i -> 300 + i % 23).toArray(), new int[0], 12, new int[0], SamplingParams.GREEDY), event -> {
                switch (event) {
                    case GenerationEvent.TokenDelta delta -> IntStream.of(delta.tokens()).forEach(tokens::add);
                    case GenerationEvent.Finished finished -> done.complete(tokens);
                    case GenerationEvent.Failed failed -> done.complete(failed);
                    default -> { }
                }
            });
        return done;
    }

    @Test
    void theEngineGoesOn() throws Exception {
        final AtomicBoolean now = new AtomicBoolean();
        final AtomicInteger made = new AtomicInteger();
        final ConcurrentLinkedQueue<Throwable> defects = new ConcurrentLinkedQueue<>();
        try (CpuBackend backend = CpuBackend.start(1); ModelSource source = ModelSource.open(SMALL);
             LanguageModel model = ModelLoader.loadParallel(source, backend,
                 () -> made.getAndIncrement() == 1 ? failing(backend.newOps(), now) : backend.newOps(), 2, ModelLoader.Options.defaults())) {
            final KvLayout layout = model.kvLayout(64, KvElement.F16);
            try (Slab slab = backend.allocate(DEVICE_BLOCKS * layout.blockBytes());
                 Engine engine = new Engine(EngineConfig.of(512, DEVICE_BLOCKS), new EngineParts(model, layout, slab.segment(), new NoBlockStore(),
                     NanoClock.SYSTEM, event -> { }))) {
                engine.start(defects::add);
                final Object before = ask(engine, "r1").get(30, TimeUnit.SECONDS);
                now.set(true);
                assertThat(ask(engine, "r2").get(30, TimeUnit.SECONDS)).isInstanceOfSatisfying(GenerationEvent.Failed.class, failed ->
                    assertThat(failed.toString()).contains(ErrorCode.INTERNAL.name(), "device is gone"));
                assertThat(ask(engine, "r3").get(30, TimeUnit.SECONDS)).isEqualTo(before);
                assertThat(defects).isEmpty();
            }
        }
    }
}
