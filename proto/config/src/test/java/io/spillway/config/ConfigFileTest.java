package io.spillway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.NodeId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigFileTest {
    @TempDir
    private Path folder;

    @Test
    void whatIsLeftOutHasItsDefault() {
        final Samples.Node node = Samples.parse("id: n1");
        assertThat(node).isEqualTo(new Samples.Node(new NodeId("n1"), 0, Duration.ofMillis(200), 50_000, 5_000, 0.5, true, "",
            Optional.empty(), Optional.empty(),
            new Samples.Cache(64, new ByteSize(512L << 20), 1L << 30, Samples.Fsync.ON_ROTATE), List.of(), Map.of()));
    }

    @Test
    void everyTypeIsReadFromKebabKeys() {
        final Samples.Node node = Samples.parse("""
            id: n1
            port: 8080
            lease-timeout: 3s
            idle-nanos: 7ms
            drain-millis: 2m
            share: 1
            enabled: false
            note: "8080"
            model: /models/brook
            seed: 9223372036854775807
            cache:
              block-tokens: 32
              host-size: 1KiB
              disk-bytes: 0B
              fsync: always
            peers:
              - id: n2
                endpoint: localhost:9000
            tiers:
              fast: {block-tokens: 16}
              slow:
            """);
        assertThat(node.port()).isEqualTo(8080);
        assertThat(node.leaseTimeout()).isEqualTo(Duration.ofSeconds(3));
        assertThat(node.idleNanos()).isEqualTo(7_000_000);
        assertThat(node.drainMillis()).isEqualTo(120_000);
        assertThat(node.share()).isEqualTo(1.0);
        assertThat(node.enabled()).isFalse();
        assertThat(node.note()).isEqualTo("8080");
        assertThat(node.model()).contains(Path.of("/models/brook"));
        assertThat(node.seed()).contains(Long.MAX_VALUE);
        assertThat(node.cache()).isEqualTo(new Samples.Cache(32, new ByteSize(1024), 0, Samples.Fsync.ALWAYS));
        assertThat(node.peers()).containsExactly(new Samples.Peer(new NodeId("n2"), new Endpoint("localhost", 9000)));
        assertThat(node.tiers()).containsOnlyKeys("fast", "slow");
        assertThat(node.tiers().get("fast").blockTokens()).isEqualTo(16);
        assertThat(node.tiers().get("slow").blockTokens()).isEqualTo(64);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "port: 80                                  | id                   | is missing and has no default",
        "{id: n1, prot: 80}                        | prot                 | did you mean 'port'?",
        "{id: n1, leaseTimeout: 1s}                | leaseTimeout         | did you mean 'lease-timeout'?",
        "{id: n1, cache: {blok-tokens: 64}}        | cache.blok-tokens    | did you mean 'block-tokens'?",
        "{id: n1, cache: {xylophone: 64}}          | cache.xylophone      | known keys here: block-tokens, host-size, disk-bytes, fsync",
        "{id: n1, cache: {block-tokens: 0}}        | cache.block-tokens   | blockTokens must be 1 to 4096, got 0",
        "{id: n1, port: eighty}                    | port                 | must be an integer, got 'eighty'",
        "{id: n1, port: 1.5}                       | port                 | must be an integer",
        "{id: n1, port: 3000000000}                | port                 | must be between",
        "{id: n1, seed: 99999999999999999999}      | seed                 | must be between",
        "{id: n1, lease-timeout: 200}              | lease-timeout        | must be a duration such as 200ms",
        "{id: n1, lease-timeout: 200 parsecs}      | lease-timeout        | must be a duration such as 200ms",
        "{id: n1, lease-timeout: -5s}              | lease-timeout        | must be a duration such as 200ms",
        "{id: n1, drain-millis: 5us}               | drain-millis         | must be whole milliseconds",
        "{id: n1, cache: {host-size: 512}}         | cache.host-size      | must be a size",
        "{id: n1, cache: {host-size: 512MB}}       | cache.host-size      | must be a size such as 512MiB",
        "{id: n1, cache: {disk-bytes: 99999999TiB}}| cache.disk-bytes     | is too large",
        "{id: n1, cache: {fsync: never}}           | cache.fsync          | must be one of always, on-rotate, got 'never'",
        "{id: n1, cache: 5}                        | cache                | must be a section with keys, got '5'",
        "{id: n1, peers: {id: n2}}                 | peers                | must be a list",
        "{id: n1, peers: [{id: n2}]}               | peers[0].endpoint    | is missing",
        "{id: n1, peers: [{id: n2, endpoint: x}]}  | peers[0].endpoint    | expected host:port, got 'x'",
        "{id: n1, tiers: [1]}                      | tiers                | must be a section with a key for each name",
        "{id: n1, tiers: {a: {block-tokens: -1}}}  | tiers.a.block-tokens | blockTokens must be 1 to 4096",
        "{id: n1, enabled: yes please}             | enabled              | must be true or false, got 'yes please'",
        "{id: n1, share: half}                     | share                | must be a number, got 'half'",
        "{id: n1, note: 8080}                      | note                 | put it in quotes",
        "{id: 'not a name'}                        | id                   | NodeId must be 1 to 200",
    })
    void whatIsWrongIsNamedByItsKey(final String yaml, final String field, final String problem) {
        final SpillwayException refused = catchThrowableOfType(SpillwayException.class, () -> Samples.parse(yaml));
        assertThat(refused).isNotNull();
        assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_CONFIG);
        assertThat(refused.field()).contains(field);
        assertThat(refused).hasMessageStartingWith("test.yaml: " + field + ": ").hasMessageContaining(problem);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{id: n1, id: n2}       | Duplicate",
        "{id: [                 | not valid YAML",
        "[1, 2]                 | must be a section with keys, got a list",
        "just words             | must be a section with keys",
    })
    void whatIsNotOneYamlSectionIsRefused(final String yaml, final String problem) {
        assertThatThrownBy(() -> Samples.parse(yaml)).isInstanceOf(SpillwayException.class)
            .hasMessageContaining("test.yaml").hasMessageContaining(problem);
    }

    @Test
    void aFileThatIsNotThereIsOneClearLine() {
        final Path file = folder.resolve("none.yaml");
        assertThatThrownBy(() -> ConfigFile.load(file, Samples.Cache.class)).isInstanceOf(SpillwayException.class)
            .hasMessage("no config file at " + file);
    }

    @Test
    void aWrittenRecordReadsBackEqual() {
        final Samples.Node node = new Samples.Node(new NodeId("n1"), 1, Duration.ofNanos(1_500), 1, 61_000, 0.25, false,
            "yes: \"no\"\n# 12\t", Optional.of(Path.of("a b/c")), Optional.of(-7L),
            new Samples.Cache(7, new ByteSize(1025), 3, Samples.Fsync.ALWAYS),
            List.of(new Samples.Peer(new NodeId("7"), new Endpoint("::1", 1))),
            Map.of("a.b", new Samples.Cache(1, new ByteSize(0), 0, Samples.Fsync.ON_ROTATE)));
        final Path file = folder.resolve("deep/node.yaml");
        ConfigFile.write(file, node);
        assertThat(ConfigFile.load(file, Samples.Node.class)).isEqualTo(node);
        assertThat(file.getParent()).isDirectoryContaining(path -> path.equals(file));
        assertThat(file.resolveSibling("node.yaml.new")).doesNotExist();
    }

    @Test
    void defaultsOfARecordThatNeedsNothingAreTheEmptyFile() throws Exception {
        final Path file = Files.writeString(folder.resolve("empty.yaml"), "");
        assertThat(ConfigFile.defaults(Samples.Cache.class)).isEqualTo(ConfigFile.load(file, Samples.Cache.class));
        assertThatThrownBy(() -> ConfigFile.defaults(Samples.Node.class)).hasMessageContaining("id: is missing");
    }

    /** Who may be off. */
    record Switched(Switch mode) {
        /** Off is a word that YAML has another use for. */
        enum Switch { ON, OFF, AUTO }
    }

    @Test
    void aBareOffIsAWordWhereAWordIsWanted() {
        assertThat(ConfigFile.parse("mode: off", "test", Switched.class).mode()).isEqualTo(Switched.Switch.OFF);
        assertThat(ConfigFile.parse("mode: 'off'", "test", Switched.class).mode()).isEqualTo(Switched.Switch.OFF);
        assertThat(ConfigFile.parse("mode: on", "test", Switched.class).mode()).isEqualTo(Switched.Switch.ON);
        assertThat(ConfigFile.parse("mode: auto", "test", Switched.class).mode()).isEqualTo(Switched.Switch.AUTO);
    }
}
