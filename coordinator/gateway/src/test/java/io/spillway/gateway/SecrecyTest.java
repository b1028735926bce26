package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.AppenderBase;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.gateway.http.Router;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What callers send is in no log, whatever goes wrong with it, and comes back to them in measure. */
class SecrecyTest {
    private static final String MARK = "Zanzibar4711";
    private static final int ANSWER_CHARS_MAX = 3_000;
    @TempDir
    private Path directory;
    private BatchCluster cluster;
    private final Listening log = new Listening();

    /** Hears everything from INFO on, with the words of every cause. */
    private static final class Listening extends AppenderBase<ILoggingEvent> {
        private final List<String> lines = new CopyOnWriteArrayList<>();
        private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);

        private final List<Appender<ILoggingEvent>> others = new ArrayList<>();

        /** Alone: hundreds of defects are made on purpose. */
        void open() {
            root.iteratorForAppenders().forEachRemaining(others::add);
            others.forEach(root::detachAppender);
            setContext(root.getLoggerContext());
            start();
            root.addAppender(this);
        }

        void close() {
            root.detachAppender(this);
            others.forEach(root::addAppender);
        }

        @Override
        protected void append(final ILoggingEvent event) {
            if (event.getLevel().isGreaterOrEqual(Level.INFO)) {
                final StringBuilder line = new StringBuilder(event.getThreadName()).append(' ').append(event.getFormattedMessage());
                for (IThrowableProxy cause = event.getThrowableProxy(); cause != null; cause = cause.getCause()) {
                    line.append(" / ").append(cause.getClassName()).append(": ").append(cause.getMessage());
                }
                lines.add(line.toString());
            }
        }
    }

    @BeforeEach
    void start() {
        cluster = new BatchCluster(directory);
        log.open();
    }

    @AfterEach
    void stop() {
        log.close();
        cluster.close();
    }

    private static List<String> bodies(final String mark) {
        final String whole = "{'model':'bytes','messages':[{'role':'user','content':'" + mark + "'}],'input':'" + mark + "','prompt':'" + mark
            + "','max_tokens':5,'name':'" + mark + "'";
        return List.of(whole + "}", whole + ",'stream':true}", whole + ",'tools':[{'type':'" + mark + "'}]}",
            whole + ",'tool_choice':'" + mark + "','response_format':{'type':'json_schema','json_schema':{'name':'n','schema':{'type':'" + mark
                + "'}}}}",
            "{'model':'" + mark + "','messages':'" + mark + "','input':{'" + mark + "':1},'prompt':{'" + mark + "':2},'scopes':['" + mark + "']}",
            "{'model':'bytes','messages':[{'role':'" + mark + "','content':'x'}],'input':[{'type':'" + mark + "'}],'tokens':['" + mark + "'],"
                + "'input_file_id':'" + mark + "','endpoint':'" + mark + "'}",
            "{'model': '" + mark + "', " + mark, mark, "{'" + mark + "'");
    }

    private List<HttpResponse<String>> askAll(final String mark) {
        final List<HttpResponse<String>> answers = new CopyOnWriteArrayList<>();
        for (final Router.Route route : cluster.routes()) {
            if (!route.method().equals("POST")) {
                continue;
            }
            for (final String body : bodies(mark)) {
                answers.add(cluster.send(cluster.request(route.pattern().replace("*", "some"), BatchCluster.KEY)
                    .header("content-type", "application/json").header("x-client-request-id", "tabora-1").header("user-agent", mark)
                    .POST(HttpRequest.BodyPublishers.ofString(body.replace('\'', '"')))));
            }
        }
        return answers;
    }

    private static Function<GenerationRequest, ScriptedLine.Script> broken() {
        return request -> {
            throw new IllegalStateException("cannot take " + MARK, new NumberFormatException("For input string: " + MARK));
        };
    }

    @Test
    void noLogHoldsWhatWasSentWhateverGoesWrong() {
        final List<Function<GenerationRequest, ScriptedLine.Script>> scripts = List.of(request -> ScriptedLine.Script.of(MARK),
            request -> ScriptedLine.Script.of(MARK).failing(ErrorCode.INTERNAL),
            request -> ScriptedLine.Script.of(MARK).failing(ErrorCode.NODE_LOST), broken());
        for (final Function<GenerationRequest, ScriptedLine.Script> script : scripts) {
            cluster.line.script = script;
            assertThat(askAll(MARK)).hasSizeGreaterThan(50);
            cluster.upload(BatchCluster.KEY, "name=\"purpose\"", MARK, "name=\"file\"; filename=\"" + MARK + "\"", MARK);
        }
        assertThat(log.lines).as("a defect is told, with its place").anyMatch(line -> line.contains("java.lang.IllegalStateException"));
        assertThat(log.lines).noneMatch(line -> line.contains(MARK) || line.contains(BatchCluster.KEY));
    }

    @Test
    void theLinesOfABatchAreInNoLogEither() {
        cluster.line.script = broken();
        final String id = cluster.batch(cluster.file("batch", BatchCluster.input("c1", MARK) + "{'" + MARK + "\n")).path("id").asText();
        cluster.await(id, batch -> !List.of("validating", "in_progress", "finalizing").contains(batch.path("status").asText()));
        cluster.line.script = broken();
        final String other = cluster.batch(cluster.file("batch", BatchCluster.input("c1", MARK))).path("id").asText();
        cluster.await(other, batch -> log.lines.stream().anyMatch(line -> line.contains("java.lang.IllegalStateException")));
        assertThat(log.lines).noneMatch(line -> line.contains(MARK));
    }

    @Test
    void nobodyGetsALongInputBack() {
        final String long20k = "y".repeat(20_000);
        for (final HttpResponse<String> answer : askAll(long20k)) {
            if (answer.statusCode() >= 400) {
                assertThat(answer.body().length()).as(answer.uri() + " " + answer.body().substring(0, Math.min(300, answer.body().length())))
                    .isLessThan(ANSWER_CHARS_MAX);
            }
        }
        final HttpResponse<String> unknown = cluster.get("/v1/" + "z".repeat(5_000));
        assertThat(unknown.statusCode()).isEqualTo(404);
        assertThat(unknown.body()).hasSizeLessThan(ANSWER_CHARS_MAX).contains("Unknown request URL", "[…]");
    }

    @Test
    void aPathBeginsNoLineOfTheLog() {
        cluster.line.script = broken();
        cluster.get("/v1/models/a%0AERROR%20forged");
        cluster.send(cluster.request("/v1/chat/completions?x=%0Aforged", BatchCluster.KEY).POST(HttpRequest.BodyPublishers.ofString(
            "{\"model\":\"bytes\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}")));
        assertThat(log.lines).noneMatch(line -> line.contains("\nERROR") || line.contains("\nforged"));
    }
}
