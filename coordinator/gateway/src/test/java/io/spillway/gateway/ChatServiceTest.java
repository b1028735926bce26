package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.coordinator.admission.RequestLine;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.ScriptedLine.Script;
import io.spillway.gateway.chat.AskedSampling;
import io.spillway.gateway.chat.ChatCall;
import io.spillway.gateway.chat.ChatEvent;
import io.spillway.gateway.chat.ChatListener;
import io.spillway.gateway.chat.ChatObserver;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.chat.Prompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;

class ChatServiceTest {
    private final ScriptedLine line = new ScriptedLine();

    private static ChatService service(final RequestLine line, final ChatService.Limits limits) {
        return service(line, limits, System::nanoTime);
    }

    private static ChatService service(final RequestLine line, final ChatService.Limits limits, final NanoClock clock) {
        return new ChatService(new ChatService.Parts(() -> TestCluster.view(true), id -> Optional.of(new ByteModel()), line,
            (model, usage) -> usage.outputTokens(), ChatObserver.NONE, new Random(1), clock), limits);
    }

    private static ChatRequest request(final OptionalInt outputTokensMax, final ChatRequest.Options options) {
        return new ChatRequest(new RequestId("r1"), new TenantId("acme"), Optional.empty(), new ModelId("bytes"),
            List.of(new Prompt.Text("prompt")), outputTokensMax, OptionalLong.of(1), AskedSampling.of(SamplingParams.GREEDY), options);
    }

    private static ChatRequest plain() {
        return request(OptionalInt.empty(), ChatRequest.Options.PLAIN);
    }

    private List<ChatEvent> run(final RequestLine to, final ChatRequest request) {
        final List<ChatEvent> events = new ArrayList<>();
        service(to, ChatService.Limits.USUAL).call(request, events::add).run();
        return events;
    }

    private static String text(final List<ChatEvent> events) {
        final StringBuilder text = new StringBuilder();
        for (final ChatEvent event : events) {
            if (event instanceof ChatEvent.Text piece) {
                assertThat(piece.offsetChars()).isEqualTo(text.length());
                text.append(piece.text());
            }
        }
        return text.toString();
    }

    private static ErrorCode failure(final List<ChatEvent> events) {
        assertThat(events.getLast()).isInstanceOf(ChatEvent.Failed.class);
        return ((ChatEvent.Failed) events.getLast()).failure().code();
    }

    @Property(tries = 100)
    void whateverTheSplitTheTextIsWhatWasWrittenUpToTheFirstStop(
        @ForAll @StringLength(max = 60) final String anything, @ForAll @IntRange(min = 1, max = 9) final int together,
        @ForAll @Size(max = 2) final List<@StringLength(min = 1, max = 3) String> stops) {
        final String written = new String(anything.getBytes(java.nio.charset.StandardCharsets.UTF_8),
            java.nio.charset.StandardCharsets.UTF_8);
        line.script = request -> Script.of(written).by(together);
        int end = written.length();
        for (final String stop : stops) {
            final int at = written.indexOf(stop);
            end = at >= 0 ? Math.min(end, at) : end;
        }
        final List<ChatEvent> events = run(line, request(OptionalInt.empty(),
            new ChatRequest.Options(1, stops, ChatRequest.ToolCalls.NONE, Optional.empty(), new int[0])));
        assertThat(events.getLast()).isInstanceOf(ChatEvent.Finished.class);
        assertThat(text(events).length()).isLessThanOrEqualTo(written.length());
        if (stops.isEmpty()) {
            assertThat(text(events)).isEqualTo(written);
        } else {
            assertThat(written).startsWith(text(events));
            assertThat(stops).noneMatch(stop -> text(events).contains(stop));
        }
    }

    @Example
    void aContinuedRequestTellsItsTextFromTheStartAndItsTokensOnce() {
        line.script = request -> Script.of("lo there");
        final int[] emitted = ByteModel.bytes("hel");
        final List<ChatEvent> events = run(line, request(OptionalInt.empty(),
            new ChatRequest.Options(1, List.of(), ChatRequest.ToolCalls.NONE, Optional.empty(), emitted)));
        assertThat(text(events)).isEqualTo("hello there");
        assertThat(line.requests.getFirst().emittedTokens()).containsExactly(emitted);
        int next = 0;
        for (final ChatEvent event : events) {
            if (event instanceof ChatEvent.Tokens tokens) {
                assertThat(tokens.firstIndex()).isEqualTo(next);
                next += tokens.tokens().length;
            }
        }
        assertThat(next).isEqualTo("hello there".length());
    }

    @Example
    void aContinuedRequestWhoseLimitIsUsedUpRunsNowhere() {
        final List<ChatEvent> events = run(line, request(OptionalInt.of(3),
            new ChatRequest.Options(1, List.of(), ChatRequest.ToolCalls.NONE, Optional.empty(), ByteModel.bytes("hel"))));
        assertThat(line.requests).isEmpty();
        assertThat(text(events)).isEqualTo("hel");
        assertThat(events).contains(new ChatEvent.ChoiceFinished(0, ChatEvent.ChatFinish.LENGTH));
    }

    @Example
    void toolCallIdsFollowFromTheRequest() {
        line.script = request -> Script.of("[[f|{}]]");
        final ChatRequest request = request(OptionalInt.empty(),
            new ChatRequest.Options(1, List.of(), ChatRequest.ToolCalls.MANY, Optional.empty(), new int[0]));
        assertThat(run(line, request).stream().filter(ChatEvent.CallStart.class::isInstance).toList())
            .isEqualTo(run(line, request).stream().filter(ChatEvent.CallStart.class::isInstance).toList()).hasSize(1);
    }

    @Example
    void repeatedTokensAreDroppedAndSkippedTokensAreAFailure() {
        final RequestLine repeating = scripted(listener -> {
            listener.accept(new GenerationEvent.TokenDelta(0, ByteModel.bytes("he"), List.of()));
            listener.accept(new GenerationEvent.TokenDelta(1, ByteModel.bytes("el"), List.of()));
            listener.accept(new GenerationEvent.TokenDelta(5, ByteModel.bytes("x"), List.of()));
        });
        final List<ChatEvent> events = run(repeating, plain());
        assertThat(text(events)).isEqualTo("hel");
        assertThat(failure(events)).isEqualTo(ErrorCode.INTERNAL);
    }

    @Example
    void cancelEndsARequestThatHangs() throws InterruptedException {
        line.script = request -> Script.of("hel").hanging();
        final List<ChatEvent> events = new ArrayList<>();
        final CountDownLatch begun = new CountDownLatch(1);
        final CountDownLatch ended = new CountDownLatch(1);
        final ChatCall call = service(line, ChatService.Limits.USUAL).start(plain(), event -> {
            events.add(event);
            begun.countDown();
            if (event instanceof ChatEvent.Failed) {
                ended.countDown();
            }
        });
        assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
        call.cancel();
        call.cancel();
        assertThat(ended.await(5, TimeUnit.SECONDS)).isTrue();
        assertThat(failure(events)).isEqualTo(ErrorCode.CANCELLED);
        assertThat(line.cancelled.await(5, TimeUnit.SECONDS)).isTrue();
    }

    @Example
    void aMailboxThatOverflowsEndsTheRequest() {
        final AtomicInteger cancels = new AtomicInteger();
        final RequestLine flooding = (request, listener) -> {
            listener.accept(new GenerationEvent.Started(PrefillSources.NONE));
            for (int i = 0; i < 10; i++) {
                listener.accept(new GenerationEvent.TokenDelta(i, ByteModel.bytes("x"), List.of()));
            }
            return submission(cancels);
        };
        final List<ChatEvent> events = new ArrayList<>();
        service(flooding, new ChatService.Limits(5, 1_000_000_000L)).call(plain(), events::add).run();
        assertThat(failure(events)).isEqualTo(ErrorCode.CANCELLED);
        assertThat(cancels).hasPositiveValue();
    }

    @Example
    void aFailedChoiceEndsItsSiblings() {
        line.script = request -> request.id().value().endsWith("-1")
            ? Script.of("").failing(ErrorCode.NODE_LOST) : Script.of("hel").hanging();
        final List<ChatEvent> events = run(line, request(OptionalInt.empty(),
            new ChatRequest.Options(3, List.of(), ChatRequest.ToolCalls.NONE, Optional.empty(), new int[0])));
        assertThat(failure(events)).isEqualTo(ErrorCode.NODE_LOST);
        assertThat(line.cancels.get()).isEqualTo(2);
    }

    @Example
    void quietIsToldWhileNothingHappens() {
        line.script = request -> Script.of("").hanging();
        final AtomicInteger quiets = new AtomicInteger();
        final ChatCall[] call = new ChatCall[1];
        call[0] = service(line, new ChatService.Limits(5, 1_000_000L)).call(plain(), new ChatListener() {
            @Override
            public void on(final ChatEvent event) {
                // Only the silence counts here.
            }

            @Override
            public void quiet() {
                if (quiets.incrementAndGet() == 3) {
                    call[0].cancel();
                }
            }
        });
        call[0].run();
        assertThat(quiets.get()).isGreaterThanOrEqualTo(3);
    }

    /** Tokens that the client sees nothing of, those of a long tool call, are as silent to it as none. */
    @Example
    void quietIsToldWhileTokensCome() {
        line.play("x".repeat(200));
        final AtomicInteger minutes = new AtomicInteger();
        final AtomicInteger quiets = new AtomicInteger();
        final ChatService.Limits tenMinutes = new ChatService.Limits(1_000, TimeUnit.MINUTES.toNanos(10));
        service(line, tenMinutes, () -> TimeUnit.MINUTES.toNanos(minutes.incrementAndGet())).call(plain(), new ChatListener() {
            @Override
            public void on(final ChatEvent event) {
                // Only the silence counts here.
            }

            @Override
            public void quiet() {
                quiets.incrementAndGet();
            }
        }).run();
        assertThat(quiets.get()).isBetween(3, minutes.get() / 10);
    }

    private static RequestLine scripted(final Consumer<Consumer<GenerationEvent>> script) {
        return (request, listener) -> {
            script.accept(listener);
            return submission(new AtomicInteger());
        };
    }

    private static RequestLine.Submission submission(final AtomicInteger cancels) {
        return new RequestLine.Submission() {
            @Override
            public void cancel() {
                cancels.incrementAndGet();
            }

            @Override
            public String placement() {
                return "";
            }
        };
    }
}
